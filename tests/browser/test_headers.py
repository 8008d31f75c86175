"""What the server refuses and what the browser keeps a page from doing, on the real server in a real browser."""

from __future__ import annotations

import http.client
import io

import pytest
from playwright.sync_api import expect

from stc.chat import answering
from stc.documents import ingest
from stc.services import Services

pytestmark = pytest.mark.browser

TEXT = b"# Towers\n\nThe tower of Alder was built in 1931 by Ada Lind.\n\nIt is 12 metres tall.\n"
PAGES = {
    "": "towers.md",
    "documents": "Documents",
    "notes": "Prepared notes",
    "background-work": "Background work",
    "savings": "Savings",
    "settings": "Settings",
}
INTRUDERS = """async () => {
    const script = document.createElement('script');
    script.textContent = 'window.hit = 1';
    document.body.append(script);
    const box = document.createElement('div');
    box.innerHTML = '<img src=x onerror="window.hit = 2"><img src=http://evil.test/a.png>'
        + '<iframe src=http://evil.test/b></iframe><a id=go href="javascript:window.hit=3">go</a>';
    document.body.append(box);
    document.getElementById('go').click();
    const refused = [];
    try { await fetch('http://evil.test/c'); } catch (error) { refused.push(error.name); }
    try { setTimeout('window.hit = 4', 0); } catch (error) { refused.push(error.name); }
    const wait = time => new Promise(done => setTimeout(done, time));
    const told = () => window.violations.some(one => one[0] === 'frame-src');  // the last to be noticed
    for (let left = 100; left && !told(); left--) await wait(100);
    await wait(500);
    return [window.hit ?? null, refused, window.violations.map(one => one[0])];
}"""


def asked(server, method: str = "GET", path: str = "/", **headers: str) -> tuple[int, bytes]:
    """Send one request with headers of one's own choice; return the status and the body."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    try:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body=b"" if method != "GET" else None, headers=sent)
        reply = connection.getresponse()
        return reply.status, reply.read() if reply.status != 101 else b""
    finally:
        connection.close()


WEBSOCKET = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec_WebSocket_Version": "13",
    "Sec_WebSocket_Key": "MDEyMzQ1Njc4OWFiY2RlZg==",
    "Sec_WebSocket_Protocol": "streamlit",
}


def test_a_foreign_name_or_page_reaches_neither_the_page_nor_the_websocket_nor_an_upload(server):
    server.start()
    here = f"127.0.0.1:{server.port}"
    stream, upload = "/_stcore/stream", "/_stcore/upload_file/0123/4567"
    assert asked(server)[0] == 200
    assert asked(server, path="/_stcore/health", Host="10.1.2.3")[0] == 200
    for path in ("/", "/documents", "/media/0123.pdf", "/_stcore/host-config", "/static/js/none.js"):
        status, body = asked(server, path=path, Host="rebound.evil.test")
        assert (status, b"<" in body) == (403, False), path
    assert asked(server, path=stream, **WEBSOCKET, Origin=f"http://{here}")[0] == 101
    assert (
        asked(server, path=stream, **WEBSOCKET, Host="rebound.evil.test", Origin="http://rebound.evil.test")[0] == 403
    )
    for origin in ("http://evil.test", "null", "http://localhost:1", "http://127.0.0.1:1"):
        assert asked(server, path=stream, **WEBSOCKET, Origin=origin)[0] == 403, origin
        assert asked(server, "PUT", upload, Origin=origin)[0] == 403, origin
        assert asked(server, "DELETE", upload, Origin=origin)[0] == 403, origin
    status, body = asked(server, "PUT", upload, Origin=f"http://{here}")
    assert (status, b"XSRF" in body) == (403, True), "a request of our own page without its token"
    assert not server.refused(), "a foreign origin made the server ask another machine for its own address"


def with_three_answers(server) -> None:
    services = Services(server.storage)
    received = ingest.receive(services, "towers.md", io.BytesIO(TEXT))
    ingest.process(services, received.document_id)
    for question in ("Who built the tower of Alder?", "When was the tower built?", "How tall is the tower?"):
        answering.ask(services, question)
    services.close()


@pytest.mark.parametrize("size", [(1280, 900), (390, 800)], ids=["desktop", "phone"])
def test_each_page_keeps_to_the_policy_and_what_gets_into_it_can_do_nothing(server, tab, size):
    with_three_answers(server)
    server.start()
    one = tab(viewport={"width": size[0], "height": size[1]})
    page = one.page
    page.add_init_script(
        "window.violations = []; document.addEventListener('securitypolicyviolation', "
        "event => window.violations.push([event.effectiveDirective, event.blockedURI]))"
    )
    for path, seen in PAGES.items():
        page.goto(f"{server.url}/{path}")
        expect(page.get_by_role("heading", name=seen, exact=True)).to_be_visible()
        if path == "savings":
            expect(page.get_by_test_id("stVegaLiteChart").locator("canvas, svg").first).to_be_visible()
            expect(page.get_by_test_id("stDataFrame").locator("canvas").first).to_be_visible()
        assert page.evaluate("window.violations") == [], path
    blocked: list[str] = []
    page.on(
        "requestfailed",
        lambda request: blocked.append(f"request to {request.url}") if request.failure == "csp" else None,
    )
    hit, refused, violations = page.evaluate(INTRUDERS)
    assert hit is None
    assert "TypeError" in refused
    assert {"script-src", "script-src-elem", "script-src-attr", "img-src", "frame-src", "connect-src"} <= set(
        violations
    )
    assert set(one.wrong) <= set(blocked), "what the page wanted of another machine never left the browser"
    one.wrong.clear()
