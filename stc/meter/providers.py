"""What a model's name says: who runs it and bills for it, where the text goes, which key it needs. Pure.

A model is named as LiteLLM names it, ``provider/model``; the best-known models also go without their provider. With an
address set (the setting ``api_base``), a name without a provider is a model on that server.
"""

from __future__ import annotations

import importlib.util
import ipaddress
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from stc.words import EXTRACTIVE

OLLAMA_PORT = 11434
OLLAMA_ADDRESS = f"http://127.0.0.1:{OLLAMA_PORT}"
ADDRESS_KEY = "STC_API_KEY"
"""The variable with the key of a server that is known by its address only."""

_SELF_RUN = {"hosted_vllm", "lm_studio", "llamafile", "lemonade", "docker_model_runner", "xinference", "litellm_proxy"}
_AT_ADDRESS = {"openai", "ollama", "ollama_chat", "custom_openai", "openai_like", "azure", *_SELF_RUN}
"""Providers whose models are asked for at ``api_base``; all others have one address, their own."""

_KEYS = {
    "ai21_chat": "AI21_API_KEY",
    "azure_ai": "AZURE_AI_API_KEY",
    "cohere_chat": "COHERE_API_KEY",
    "github": "GITHUB_API_KEY",
    "perplexity": "PERPLEXITYAI_API_KEY",
    "text-completion-openai": "OPENAI_API_KEY",
    "together_ai": "TOGETHERAI_API_KEY",
}
"""Where a provider's variable is not simply its name in capitals with ``_API_KEY``."""
_OTHER_CREDENTIALS = {"bedrock", "sagemaker", "sagemaker_chat", "vertex_ai", "watsonx", "oci", "github_copilot", "sap"}
"""Providers that log in by other means than one key (AWS profile, service account); LiteLLM finds those itself."""

_ADDRESSES = {
    "openai": ("OPENAI_BASE_URL", "OPENAI_API_BASE"),
    "ollama": ("OLLAMA_API_BASE",),
    "ollama_chat": ("OLLAMA_API_BASE",),
}
"""Where the variable with an address is not the provider's name in capitals with ``_API_BASE``."""

_KNOWN_HOSTS = {
    "api.openai.com": "openai",
    "api.deepseek.com": "deepseek",
    "api.groq.com": "groq",
    "api.mistral.ai": "mistral",
    "api.together.xyz": "together_ai",
    "api.x.ai": "xai",
    "openrouter.ai": "openrouter",
}
"""Addresses that say whose they are: whose key to send and whose prices hold."""

_DISPLAY = {
    "anthropic": "Anthropic",
    "azure": "Azure",
    "azure_ai": "Azure",
    "bedrock": "Amazon Bedrock",
    "cohere": "Cohere",
    "deepseek": "DeepSeek",
    "gemini": "Google",
    "groq": "Groq",
    "mistral": "Mistral",
    "ollama_chat": "Ollama",
    "openai": "OpenAI",
    "openrouter": "OpenRouter",
    "together_ai": "Together AI",
    "vertex_ai": "Google Vertex AI",
    "xai": "xAI",
}


@dataclass(frozen=True, slots=True)
class Target:
    """Where a model's name leads.

    ``name`` is what LiteLLM is called with; ``model`` the name without its provider. ``provider`` is whose prices and
    key hold, "" where nobody knows. ``api_base`` is ``None`` for the provider's own address. ``key_variable`` names
    the variable with the key, ``None`` where none is needed. ``local``: the text does not leave this computer.
    ``self_run``: a server that somebody runs for themselves and nobody bills.
    """

    name: str
    model: str
    provider: str
    api_base: str | None
    key_variable: str | None
    local: bool
    self_run: bool

    @property
    def is_ollama(self) -> bool:
        return self.name.startswith("ollama_chat/")

    @property
    def server(self) -> str:
        """The server in words, for sentences."""
        display = _DISPLAY.get(self.provider, self.provider)
        if self.api_base is None or self.api_base in display:
            return display or "The provider"
        shown = public_address(self.api_base)
        if self.is_ollama:
            return f"Ollama at {shown}"
        return display if self.provider and not self.self_run else f"the server at {shown}"


def resolve(model: str, api_base: str = "", environment: Mapping[str, str] = os.environ) -> Target:
    """Return where ``model`` leads with the setting ``api_base``; whether it exists there is for the server to say."""
    name = model.strip()
    if name in {"", EXTRACTIVE}:
        return Target(EXTRACTIVE, EXTRACTIVE, EXTRACTIVE, None, None, local=True, self_run=True)
    prefix, _, rest = name.partition("/")
    provider, own_name = (prefix, rest) if rest and prefix in _providers() else ("", name)
    base = clean_address(api_base) if api_base.strip() else ""
    if not provider and not base:
        provider = _guess(own_name)
        if not provider:
            return Target(name, own_name, "", None, None, local=False, self_run=False)
    provider = provider or "openai"
    if provider not in _AT_ADDRESS:
        key = None if provider in _OTHER_CREDENTIALS else _KEYS.get(provider, f"{provider.upper()}_API_KEY")
        return Target(f"{provider}/{own_name}", own_name, provider, None, key, local=False, self_run=False)
    if provider in {"ollama", "ollama_chat"} and base.endswith("/v1") and _port(base) != OLLAMA_PORT:
        base = ""  # the address is an OpenAI-compatible server's, for the other of the two models
    base = base or _address_in(environment, provider)
    if provider in {"ollama", "ollama_chat"} or (provider == "openai" and _port(base) == OLLAMA_PORT):
        return _ollama(own_name, base)
    if not base:
        key = None if provider in _SELF_RUN else _KEYS.get(provider, f"{provider.upper()}_API_KEY")
        return Target(f"{provider}/{own_name}", own_name, provider, None, key, local=False, self_run=False)
    if provider == "azure":
        return Target(f"azure/{own_name}", own_name, "azure", base, "AZURE_API_KEY", local=False, self_run=False)
    base = base if _parts(base)["path"].strip("/") else f"{base}/v1"
    owner, local = _KNOWN_HOSTS.get(_host(base), ""), is_loopback(base)
    key = _KEYS.get(owner, f"{owner.upper()}_API_KEY") if owner else ADDRESS_KEY
    return Target(f"openai/{own_name}", own_name, owner, base, None if local else key, local=local, self_run=local)


def is_local(model: str, api_base: str = "") -> bool:
    """Return whether the text stays on this computer: a loopback address, and no model that Ollama runs elsewhere."""
    return resolve(model, api_base).local


def is_loopback(address: str) -> bool:
    host = _host(address)
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def clean_address(address: str) -> str:
    """Return an address as typed with a scheme and without a last slash."""
    typed = address.strip().rstrip("/")
    if "://" not in typed:
        typed = f"http://{typed}"
    return typed.removesuffix("/chat/completions")


def public_address(address: str) -> str:
    """Return an address without what may be secret in it: user, password, query."""
    parts = _parts(address)
    port = f":{parts['port']}" if parts["port"] else ""
    return f"{parts['scheme']}://{parts['host']}{port}{parts['path']}" if parts["host"] else "this address"


def _ollama(model: str, base: str) -> Target:
    base = base or OLLAMA_ADDRESS
    # LiteLLM speaks Ollama's own protocol below the root; under /v1 Ollama takes no num_ctx and cuts prompts silently.
    base = base.removesuffix("/api/chat").removesuffix("/api").removesuffix("/v1")
    # "gpt-oss:120b-cloud", "kimi-k2:cloud": a local Ollama hands those to ollama.com.
    elsewhere = model.endswith(("-cloud", ":cloud")) or _host(base).endswith("ollama.com")
    key = "OLLAMA_API_KEY" if _host(base).endswith("ollama.com") else None
    local = is_loopback(base) and not elsewhere
    return Target(f"ollama_chat/{model}", model, "ollama_chat", base, key, local=local, self_run=not elsewhere)


def _address_in(environment: Mapping[str, str], provider: str) -> str:
    """Return the address that the provider's own variable names, or ""; LiteLLM would follow it too."""
    for variable in _ADDRESSES.get(provider, (f"{provider.upper()}_API_BASE",)):
        if value := environment.get(variable, "").strip():
            return clean_address(value)
    return ""


def _guess(model: str) -> str:
    """Return the provider of a model that is named without one, or ""."""
    if model.startswith("gemini-"):
        return "gemini"
    if model.startswith("claude-"):
        return "anthropic"
    if model.startswith(("gpt-", "chatgpt-", "o1", "o3", "o4")):
        return "openai"
    if model.startswith("deepseek-"):
        return "deepseek"
    return ""


_ADDRESS = re.compile(
    r"(?P<scheme>[a-zA-Z][\w+.-]*)://(?:[^/?#]*@)?(?P<host>\[[^\]]*\]|[^:/?#]*)(?::(?P<port>\d*))?(?P<path>[^?#]*)"
)


def _parts(address: str) -> dict[str, str]:
    match = _ADDRESS.match(address)
    return match.groupdict(default="") if match else {"scheme": "", "host": "", "port": "", "path": ""}


def _host(address: str) -> str:
    return _parts(address)["host"].strip("[]").lower()


def _port(address: str) -> int | None:
    port = _parts(address)["port"]
    return int(port) if port else None


@cache
def _providers() -> frozenset[str]:
    """Return the providers that LiteLLM knows, from the list in its package; importing it would take seconds."""
    path = litellm_folder() / "provider_endpoints_support_backup.json"
    return frozenset(json.loads(path.read_bytes())["providers"])


@cache
def litellm_folder() -> Path:
    spec = importlib.util.find_spec("litellm")
    if spec is None or not spec.submodule_search_locations:
        raise ImportError("litellm is not installed")
    return Path(next(iter(spec.submodule_search_locations)))
