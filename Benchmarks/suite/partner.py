"""An OCPI 2.2.1 partner as far as a registration needs one: it shows its versions once and asks from then on."""
import base64, http.client, http.server, json, threading, urllib.parse

from .machine import give_up
from .servers import free_port


def header(token):
    return "Token " + base64.b64encode(token.encode()).decode()


class Partner:
    """Registers with a daemon; `token` and `urls` are what its questions then need."""

    def __init__(self, books):
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        pages = {
            "/versions": [{"version": "2.2.1", "url": f"{url}/2.2.1"}],
            "/2.2.1": {"version": "2.2.1", "endpoints": [
                {"identifier": "credentials", "role": "SENDER", "url": f"{url}/credentials"},
                {"identifier": "credentials", "role": "RECEIVER", "url": f"{url}/credentials"}]},
        }

        class Pages(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = json.dumps({"data": pages[self.path], "status_code": 1000, "timestamp": "2026-01-01T00:00:00Z"})
                self.send_response(200)
                for name, value in (("Content-Type", "application/json"), ("Content-Length", str(len(body)))):
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Pages)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        invitation = books.add("POST", "/partners", {"name": "Bench Mobility", "quirks": {"allow_private": True}})
        versions = self.ask("GET", invitation["versions_url"], invitation["token"])
        ours = next(version["url"] for version in versions if version["version"] == "2.2.1")
        details = self.ask("GET", ours, invitation["token"])
        self.urls = {endpoint["identifier"]: endpoint["url"] for endpoint in details["endpoints"]}
        answer = self.ask("POST", self.urls["credentials"], invitation["token"], {
            "token": "call-me-bench-mobility", "url": f"{url}/versions",
            "roles": [{"role": "EMSP", "party_id": "EMP", "country_code": "DE",
                       "business_details": {"name": "Bench Mobility"}}]})
        self.token = answer["token"]
        server.shutdown()

    def ask(self, method, url, token, body=None):
        place = urllib.parse.urlsplit(url)
        connection = http.client.HTTPConnection(place.netloc, timeout=30)
        headers = {"Authorization": header(token), "X-Request-ID": "1", "X-Correlation-ID": "1",
                   "Content-Type": "application/json"}
        connection.request(method, place.path, json.dumps(body) if body else None, headers)
        response = connection.getresponse()
        answer = json.loads(response.read())
        if answer.get("status_code") != 1000:
            give_up(f"{method} {url}: {answer}")
        return answer["data"]

    def walk(self, port, path):
        """The pages of a list, one after the other by their links, as text and with the total that each names."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while path:
            connection.request("GET", path, headers={"Authorization": self.authorization})
            response = connection.getresponse()
            body, link = response.read(), response.getheader("Link")
            if response.status != 200:
                give_up(f"GET {path}: {response.status} {body[:200]}")
            yield body, int(response.getheader("X-Total-Count"))
            place = urllib.parse.urlsplit(link[1:link.index(">")]) if link else None
            path = place and f"{place.path}?{place.query}"
        connection.close()

    @property
    def authorization(self):
        return header(self.token)

    def path(self, module, rest=""):
        return urllib.parse.urlsplit(self.urls[module]).path + rest
