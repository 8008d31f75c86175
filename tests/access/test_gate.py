"""The gate and the pages at the door, over HTTP as a browser speaks it; behind them a stand-in for Streamlit."""

from __future__ import annotations

import asyncio
import re
import warnings
from pathlib import Path
from unittest.mock import MagicMock

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocketDisconnect
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.web.server.starlette.starlette_app import create_streamlit_routes

from stc.access import entering, people
from stc.ui import entrance, gate
from tests.access.conftest import GOOD

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Starlette 1.10 (2026) would rather have a successor of httpx
    from starlette.testclient import TestClient, WebSocketDenialResponse

SECURITY = Path(__file__).resolve().parents[2] / "docs" / "security.md"
HTML = {"accept": "text/html"}


def announced(session: str) -> bytes:
    message = ForwardMsg()
    message.new_session.initialize.session_id = session
    return message.SerializeToString()


async def page(request):
    return PlainTextResponse(f"page for {request.headers.get(gate.TOKEN_HEADER)}")


async def stream(websocket):
    """As Streamlit: takes up the session that is asked for, or begins one; then says back what comes in."""
    wanted = websocket.headers.get("sec-websocket-protocol", "").split(", ")
    await websocket.accept(subprotocol=wanted[0] or None)
    await websocket.send_bytes(announced(wanted[2] if len(wanted) == 3 else f"of {websocket.headers['x-page']}"))
    try:
        while True:
            await websocket.send_bytes(await websocket.receive_bytes())
    except WebSocketDisconnect:
        return


@pytest.fixture
def visit(services, monkeypatch):
    """Return a function that opens another browser."""
    monkeypatch.setattr(gate, "_door", "login")
    monkeypatch.setattr(gate, "_BELIEVED_S", 0.0)
    people.add(services, "Anna", admin=True, password=GOOD)
    people.add(services, "Bert", password=GOOD)
    app = Starlette(
        routes=[
            *entrance.Entrance(services).routes(),
            WebSocketRoute("/_stcore/stream", stream),
            Route("/{path:path}", page, methods=["GET", "PUT", "DELETE"]),
        ],
        middleware=[Middleware(gate.Gate, services=services)],
    )

    def browser(name: str = "", *, client: str = "192.0.2.7", scheme: str = "http") -> TestClient:
        opened = TestClient(app, f"{scheme}://testserver", follow_redirects=False, client=(client, 5))
        if name:
            assert opened.post(gate.SIGN_IN, data={"name": name, "password": GOOD}).status_code == 303
        return opened

    return browser


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/documents",
        "/media/abc.pdf",
        "/_stcore/host-config",
        "/_stcore/stream",
        "/component/x",
        "/people",
        "//",
        "/sign-in/",
    ],
)
def test_a_stranger_gets_nothing_but_the_way_to_sign_in(visit, path):
    stranger = visit()
    shown = stranger.get(path, headers=HTML)
    assert (shown.status_code, shown.headers.get("location")) == (303, gate.SIGN_IN)
    assert stranger.get(path, headers={"accept": "*/*"}).status_code == 401
    assert stranger.put(f"/_stcore/upload_file/s/f{path}").status_code == 401


@pytest.mark.parametrize("path", ["/sign-in", "/join", "/_stcore/health", "/healthz", "/static/js/index.js"])
def test_what_everybody_needs_is_open(visit, path):
    assert visit().get(path, headers=HTML).status_code == 200


def test_whatever_streamlit_serves_stands_in_the_table_of_what_is_answered_to_whom(visit):
    served = {route.path.partition("{")[0] for route in create_streamlit_routes(MagicMock())}
    rows = re.findall(r"^\| (`/.*?) \| (.*?) \| .* \|$", SECURITY.read_text(encoding="utf-8"), re.MULTILINE)
    told = {path.removesuffix("…"): row[1] for row in rows for path in re.findall(r"`(/[^`]*)`", row[0])}
    unknown = [path for path in served if not any(path == one or (one[1:] and path.startswith(one)) for one in told)]
    assert unknown == [""], "the mount of its own files, last, in which all other addresses end"
    stranger = visit()
    for path, said in told.items():
        assert (stranger.get(path).status_code == 401) == (not said.startswith("yes") or "provider" in said), path
    with_provider = Starlette(
        routes=[Route("/{path:path}", page)],
        middleware=[Middleware(gate.Gate, services=None, provider=True)],
    )
    for path, said in told.items():
        answered = TestClient(with_provider, follow_redirects=False).get(path).status_code
        assert (answered == 200) == said.startswith("yes"), path


def test_a_stranger_opens_no_websocket(visit):
    with pytest.raises((WebSocketDisconnect, WebSocketDenialResponse)), visit().websocket_connect("/_stcore/stream"):
        pass


@pytest.mark.parametrize("path", ["/static/../documents", "/static/%2e%2e/documents", "/sign-in/../documents"])
def test_no_detour_leads_past_the_gate(visit, path):
    assert "page for" not in visit().get(path, headers=HTML).text or path.startswith("/static/")


def test_signing_in_gives_a_cookie_that_no_script_and_no_other_site_can_use(visit):
    browser = visit()
    answer = browser.post(gate.SIGN_IN, data={"name": "Anna", "password": GOOD})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "secure" not in cookie
    assert browser.get("/", headers=HTML).status_code == 200


def test_over_https_the_cookie_is_sent_over_https_only_and_bound_to_this_host(visit):
    browser = visit(scheme="https")
    cookie = browser.post(gate.SIGN_IN, data={"name": "Anna", "password": GOOD}).headers["set-cookie"]
    assert cookie.startswith("__Host-stc_sign_in=")
    assert "; Secure" in cookie
    assert "Domain" not in cookie
    assert browser.get("/", headers=HTML).status_code == 200


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://docs.example.org", True),
        ("http://192.0.2.1:8501", True),
        ("https://docs.example.org", False),
        ("http://localhost:8501", False),
        ("http://127.0.0.1", False),
        ("http://[::1]:8501", False),
    ],
)
def test_a_page_for_passwords_that_others_can_read_on_the_way_says_so(visit, address, said):
    for path in (gate.SIGN_IN, gate.JOIN):
        assert ("without HTTPS" in visit().get(f"{address}{path}").text) == said


def test_a_wrong_password_says_so_and_gives_no_cookie(visit):
    browser = visit()
    answer = browser.post(gate.SIGN_IN, data={"name": "<b>Anna", "password": "wrong horse"})
    assert answer.status_code == 403
    assert entering.WRONG in answer.text
    assert "<b>" not in answer.text
    assert "wrong horse" not in answer.text
    assert "set-cookie" not in answer.headers


def test_a_code_is_not_typed_twice_because_the_passwords_differ(visit):
    given = {"code": "ABCDE-<b>", "name": "", "password": GOOD, "again": "another horse"}
    answer = visit().post(gate.JOIN, data=given)
    assert 'value="ABCDE-&lt;b&gt;"' in answer.text
    assert GOOD not in answer.text


def test_a_form_of_another_site_is_refused(visit):
    answer = visit().post(
        gate.SIGN_IN, data={"name": "Anna", "password": GOOD}, headers={"sec-fetch-site": "cross-site"}
    )
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_a_form_of_endless_fields_is_refused_in_words(visit):
    answer = visit().post(
        gate.SIGN_IN, content=b"&" * 50, headers={"content-type": "application/x-www-form-urlencoded"}
    )
    assert answer.status_code == 403
    assert "no form of this page" in answer.text


def test_a_form_that_is_broken_off_is_no_bug(services):
    async def broken_off():
        return {"type": "http.disconnect"}

    async def answered(message):
        pass

    form = next(one for one in entrance.Entrance(services).routes() if one.methods == {"POST"})
    asyncio.run(form({"type": "http", "method": "POST", "path": gate.SIGN_IN, "headers": []}, broken_off, answered))


@pytest.mark.parametrize(
    ("one", "other", "counted"),
    [
        ("2001:db8::1:2:3:4", "2001:db8::9:2:3:4", "same"),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", "apart"),
        ("::ffff:192.0.2.7", "192.0.2.7", "same"),
        ("192.0.2.7", "192.0.2.8", "apart"),
        ("somewhere", "elsewhere", "apart"),
    ],
)
def test_attempts_are_counted_for_a_network_that_one_house_has(visit, monkeypatch, one, other, counted):
    monkeypatch.setattr(entering, "MOST_FROM_AN_ADDRESS", 1)
    visit(client=one).post(gate.SIGN_IN, data={"name": "Anna", "password": "wrong horse"})
    answer = visit(client=other).post(gate.SIGN_IN, data={"name": "Bert", "password": GOOD})
    assert answer.status_code == (403 if counted == "same" else 303)


def test_what_a_browser_claims_of_itself_is_not_believed(visit):
    stranger = visit()
    assert stranger.get("/", headers={gate.TOKEN_HEADER: "x"}).status_code == 401
    anna = visit("Anna")
    assert anna.get("/", headers={gate.TOKEN_HEADER: "forged"}).text == f"page for {anna.cookies['stc_sign_in']}"


def test_signing_out_ends_the_sign_in_not_only_the_cookie(visit):
    browser = visit("Anna")
    token = browser.cookies["stc_sign_in"]
    assert browser.post(gate.ACCOUNT, data={"act": "out"}).headers["location"] == "/sign-in?said=out"
    thief = visit()
    thief.cookies.set("stc_sign_in", token)
    assert thief.get("/").status_code == 401


def test_who_signs_out_is_out_at_once_not_when_what_is_remembered_of_them_is_old(visit, monkeypatch):
    monkeypatch.setattr(gate, "_BELIEVED_S", 60.0)
    browser = visit("Anna")
    token = browser.cookies["stc_sign_in"]
    assert browser.get("/").status_code == 200
    browser.post(gate.ACCOUNT, data={"act": "out"})
    browser.cookies.set("stc_sign_in", token)
    assert browser.get("/").status_code == 401


def test_signing_out_everywhere_and_a_new_password_end_the_other_browsers(visit):
    one, two, three = visit("Anna"), visit("Anna"), visit("Anna")
    fields = {"act": "password", "old": GOOD, "password": "another good one", "again": "another good one"}
    assert one.post(gate.ACCOUNT, data=fields).status_code == 303
    assert [browser.get("/").status_code for browser in (one, two, three)] == [200, 401, 401]
    one.post(gate.ACCOUNT, data={"act": "everywhere"})
    assert one.get("/").status_code == 401


def test_the_first_admin_comes_in_by_the_code_of_the_terminal(services, visit):
    with services.database.write() as connection:
        connection.exec_driver_sql("DELETE FROM people")
    code = re.search(r"[A-Z0-9]{5}(-[A-Z0-9]{5}){3}", gate.first_code(services))[0]
    browser = visit()
    fields = {"code": code, "name": "Zoe", "password": GOOD, "again": GOOD}
    assert browser.post(gate.JOIN, data=fields | {"again": "differs"}).status_code == 403
    assert browser.post(gate.JOIN, data=fields).status_code == 303
    assert "Zoe" in browser.get(gate.ACCOUNT, headers=HTML).text
    assert gate.first_code(services) == ""


def test_who_is_disabled_loses_the_open_page_at_its_next_word(services, visit):
    bert = visit("Bert")
    with bert.websocket_connect("/_stcore/stream", headers={"x-page": "bert"}) as socket:
        assert socket.receive_bytes() == announced("of bert")
        socket.send_bytes(b"hello")
        assert socket.receive_bytes() == b"hello"
        people.disable(services, "Bert")
        socket.send_bytes(b"still there?")
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_bytes()
    assert closed.value.code == 1008
    assert bert.get("/").status_code == 401


def connect(browser, session="", page="x"):
    protocols = ["streamlit", "xsrf", *([session] if session else [])]
    return browser.websocket_connect("/_stcore/stream", subprotocols=protocols, headers={"x-page": page})


def test_nobody_takes_up_a_page_of_somebody_else(visit):
    anna, bert = visit("Anna"), visit("Bert")
    with connect(anna, page="anna") as socket:
        assert socket.receive_bytes() == announced("of anna")
    with connect(anna, "of anna", page="again") as socket:
        assert socket.receive_bytes() == announced("of anna"), "her own, after the connection was lost"
    with connect(bert, "of anna", page="bert") as socket:
        assert socket.receive_bytes() == announced("of bert")


def test_nobody_uploads_into_a_page_of_somebody_else(visit):
    anna, bert = visit("Anna"), visit("Bert")
    with connect(anna, page="anna") as socket:
        socket.receive_bytes()
        assert anna.put("/_stcore/upload_file/of anna/f").status_code == 200
        assert bert.put("/_stcore/upload_file/of anna/f").status_code == 403
        assert anna.put("/_stcore/upload_file").status_code == 200
        assert anna.put("/_stcore/upload_file/").status_code == 403


def test_a_page_that_was_an_admin_s_is_not_taken_up_by_the_member_that_they_are_now(services, visit):
    people.add(services, "Cora", admin=True, password=GOOD)
    cora = visit("Cora")
    with connect(cora, page="cora") as socket:
        assert socket.receive_bytes() == announced("of cora")
        people.set_admin(services, "Cora", False)
        socket.send_bytes(b"make me an admin")
        with pytest.raises(WebSocketDisconnect):
            socket.receive_bytes()
    assert cora.put("/_stcore/upload_file/of cora/f").status_code == 403
    with connect(cora, "of cora", page="again") as socket:
        assert socket.receive_bytes() == announced("of again")


FILE = "/media/0123456789abcdef.json"


def to_save(path):
    message = ForwardMsg()
    message.delta.new_element.download_button.url = path
    return message.SerializeToString()


def made_when_asked_for(path):
    message = ForwardMsg()
    message.backend_operation_response.deferred_file.url = path
    return message.SerializeToString()


def a_picture(path):
    message = ForwardMsg()
    message.delta.new_element.imgs.imgs.add().url = path
    return message.SerializeToString()


def only_text(path):
    message = ForwardMsg()
    message.delta.new_element.markdown.body = path
    return message.SerializeToString()


@pytest.mark.parametrize("offered", [to_save, made_when_asked_for, a_picture])
def test_a_file_is_given_to_whom_a_page_offered_it_and_to_nobody_who_knows_its_address(visit, offered):
    anna, bert = visit("Anna"), visit("Bert")
    assert anna.get(FILE).status_code == 404
    with connect(anna, page="anna") as socket:
        socket.receive_bytes()
        socket.send_bytes(offered(FILE))
        assert socket.receive_bytes() == offered(FILE)
    assert anna.get(FILE).status_code == 200
    for path in (FILE, FILE.replace(".json", ".csv"), f"{FILE}%0a", f"{FILE}/"):
        assert bert.get(path).status_code == 404, path


def test_a_text_with_a_file_s_address_in_it_offers_nothing(visit):
    bert = visit("Bert")
    with connect(bert, page="bert") as socket:
        socket.receive_bytes()
        socket.send_bytes(only_text(FILE))
        socket.receive_bytes()
    assert bert.get(FILE).status_code == 404


@pytest.mark.parametrize("path", ["/_stcore/metrics", "/_stcore/metrics%0a", "/_stcore/metrics/"])
def test_how_much_the_server_does_is_told_to_admins_only(visit, path):
    assert visit("Bert").get(path).status_code == 403
    assert visit("Anna").get(path).status_code == 200


def test_a_cookie_that_can_be_no_token_is_not_remembered(visit, monkeypatch):
    asked = []
    monkeypatch.setattr(entering, "who", lambda services, token: asked.append(token))
    stranger = visit()
    stranger.cookies.set("stc_sign_in", "x" * 5000)
    assert stranger.get("/").status_code == 401
    assert asked == []


def test_without_a_login_this_computer_is_answered_and_no_other(visit, monkeypatch):
    monkeypatch.setattr(gate, "_door", "alone")
    assert visit(client="127.0.0.1").get("/").status_code == 200
    for client in ("192.0.2.7", "::ffff:192.0.2.7", "2001:db8::1"):
        refused = visit(client=client)
        assert refused.get("/").status_code == 403
        with pytest.raises((WebSocketDisconnect, WebSocketDenialResponse)), connect(refused):
            pass
    monkeypatch.setattr(gate, "_door", "open")
    assert visit(client="192.0.2.7").get("/").status_code == 200
