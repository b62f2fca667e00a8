"""Starts `idproof all` on embedded defaults, takes a sample case and a sandbox case through its API,
and prints where to look. usage: demo_service.py SAMPLES OUT"""

import base64
import hashlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

SAMPLES, OUT = (os.path.abspath(path) for path in sys.argv[1:])
IDPROOF = os.environ["IDPROOF"]
LIMIT_S = 120


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Service:
    """The program with every setting at its default but the folders and ports, which are the demo's own."""

    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)
        port, metrics = free_port(), free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.metrics = f"http://127.0.0.1:{metrics}/metrics"
        inside = lambda name: os.path.join(folder, name)
        self.settings = {
            "IDPROOF_DATABASE_URL": "sqlite:" + inside("idproof.db"),
            "IDPROOF_VAULT_STORE_KIND": "local",
            "IDPROOF_VAULT_STORE_DIR": inside("media"),
            "IDPROOF_VAULT_KEYS_PLACE_KIND": "directory",
            "IDPROOF_VAULT_KEYS_PLACE_DIR": inside("keys"),
            "IDPROOF_VAULT_KEYS_ROOT_FILE": inside("root.key"),
            "IDPROOF_OUTBOX_DIR": inside("outbox"),
            "IDPROOF_HTTP_LISTEN": f"127.0.0.1:{port}",
            "IDPROOF_HTTP_PUBLIC_URL": self.url,
            "IDPROOF_HTTP_METRICS_LISTEN": f"127.0.0.1:{metrics}",
            "IDPROOF_WORKER_RECONCILE_S": "1",
        }
        self.environment = {**os.environ, **self.settings}
        self.log = open(inside("service.log"), "w")
        self.process = subprocess.Popen(
            [IDPROOF, "all"], env=self.environment, stdout=self.log, stderr=self.log
        )
        wait("the service", lambda: self.call("GET", "/health/ready", quiet=True) is not None)

    def run(self, *words):
        done = subprocess.run([IDPROOF, *words], env=self.environment, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"`idproof {' '.join(words)}` failed: {done.stderr}")
        return done.stdout

    def call(self, method, path, body=None, token=None, raw=None, headers=None, quiet=False):
        headers = dict(headers or {})
        data = raw
        if body is not None:
            data, headers["content-type"] = json.dumps(body).encode(), "application/json"
        if token:
            headers["authorization"] = "Bearer " + token
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request) as answer:
                text = answer.read()
                is_json = "json" in answer.headers.get("content-type", "")
                return json.loads(text) if is_json and text else text
        except urllib.error.HTTPError as e:
            if quiet:
                return None
            sys.exit(f"{method} {path}: {e.code} {e.read().decode()}")
        except OSError:
            if quiet:
                return None
            raise

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        if self.process.wait(60) != 0:
            sys.exit(f"the service did not stop cleanly: see {self.log.name}")


def wait(what, ready):
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        found = ready()
        if found:
            return found
        time.sleep(0.1)
    sys.exit(f"waited {LIMIT_S} s in vain for {what}")


def say(text):
    print(text, flush=True)


class Applicant:
    """One applicant's way through the API."""

    def __init__(self, service, language, identity, key=None, outcome=None):
        self.service, self.language = service, language
        body = {"language": language, "document_type": "fr_card"}
        if outcome:
            body["sandbox_outcome"] = outcome
        opened = service.call("POST", "/v1/cases", body, key)
        self.id, self.token = opened["case"]["id"], opened["token"]
        self.seen = set(os.listdir(self.outbox())) if os.path.isdir(self.outbox()) else set()
        version = service.call("GET", "/v1/service")["consent_version"]
        self.post("consent", {"version": version, "biometrics": True})
        number = f"+3360{int(hashlib.sha256(self.id.encode()).hexdigest(), 16) % 10**7:07}"
        self.confirm("email", {"address": f"{self.id}@example.org"})
        self.confirm("phone", {"number": number})
        self.call("PUT", "identity", identity)

    def outbox(self):
        return os.path.join(self.service.folder, "outbox")

    def call(self, method, path, body=None):
        return self.service.call(method, f"/v1/cases/{self.id}/{path}", body, self.token)

    def post(self, path, body=None):
        return self.call("POST", path, body)

    def confirm(self, channel, body):
        self.post(channel, body)
        address = next(iter(body.values()))

        def code():
            messages = self.service.run("outbox", "--last", "40").split("--- ")
            mine = [m for m in messages if f" to {address} " in m.split("\n")[0]]
            found = mine and re.search(r"\b(\d{3}) ?(\d{3})\b", mine[-1].split("\n", 1)[1])
            return found and "".join(found.groups())

        self.post(f"{channel}/confirm", {"code": wait(f"the code by {channel}", code)})

    def upload(self, kind, path, challenge=None):
        with open(path, "rb") as f:
            content = f.read()
        body = {"kind": kind, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        if challenge:
            body |= {"challenge_id": challenge["id"], "challenge_token": challenge["token"]}
        upload = self.post("uploads", body)["id"]
        size = 1 << 20
        parts = [content[i : i + size] for i in range(0, len(content), size)]
        for n, part in enumerate(parts):
            digest = base64.b64encode(hashlib.sha256(part).digest()).decode()
            self.service.call(
                "PUT", f"/v1/uploads/{upload}/chunks/{n}", None, self.token, part,
                {"content-digest": f"sha-256=:{digest}:", "content-type": "application/octet-stream"},
            )
        self.service.call("POST", f"/v1/uploads/{upload}/complete", {"chunks": len(parts)}, self.token)

    def hand_in(self, documents, video):
        for side, document in zip(("front", "back"), documents):
            self.upload(f"document_{side}", document)
        self.upload("selfie_video", video, self.post("challenges", {}))
        self.post("submit")

    def state(self):
        return self.call("GET", "status")["state"]

    def wait_for(self, *states):
        return wait(f"{self.id} to be {' or '.join(states)}", lambda: self.state() in states and self.state())

    def timeline(self):
        for entry in self.call("GET", "timeline"):
            say(f"  {entry['at']}  {entry['label'][self.language]}")


def identity(case, folder):
    with open(os.path.join(folder, case["identity"])) as f:
        declared = json.load(f)
    return {
        "document_type": "fr_card",
        "birth_name": declared["surname"],
        "first_names": declared["given_names"],
        "birth_country": declared["nationality"],
        **{key: declared[key] for key in (
            "sex", "birth_date", "birth_place", "nationality", "document_number", "expiry_date",
        )},
    }


def main():
    folder = os.path.join(OUT, "service", time.strftime("%Y%m%d-%H%M%S"))
    cases = json.load(open(os.path.join(SAMPLES, "cases.json")))["cases"]
    case = next(c for c in cases if c.get("identity"))
    where = os.path.join(SAMPLES, case["folder"])
    who = identity(case, where)
    documents = [os.path.join(where, name) for name in case["document"]]
    video = os.path.join(where, case["video"])
    service = Service(folder)
    try:
        say(f"\n=== {case['name']} through the API of a service on embedded defaults")
        sample = Applicant(service, "en", who)
        sample.hand_in(documents, video)
        ended = sample.wait_for("in_review", "refused", "accepted", "retake_asked", "letter_sent")
        sample.timeline()
        say(f"  → {ended} (the sample cannot know the digits that the service drew)")
        if ended in ("accepted", "letter_sent"):
            sys.exit("a recording that does not say the digits was accepted")

        say("\n=== a sandbox case that is to be accepted, up to its activation")
        key = service.run("keys", "create", "--name", "demo", "--sandbox").strip()
        sandbox = Applicant(service, "en", who, key, "accept")
        sandbox.hand_in(documents, video)
        sandbox.wait_for("letter_sent")
        code = sandbox.post("letter/accept")["activation_code"]
        sandbox.post("activation", {"code": code})
        sandbox.wait_for("activated")
        sandbox.timeline()

        say("\n" + service.run("audit", "verify").strip())
        metrics = urllib.request.urlopen(service.metrics).read().decode()
        jobs = sum(float(l.split()[-1]) for l in metrics.splitlines() if l.startswith("idproof_jobs_done_total"))
        say(f"{jobs:.0f} jobs done, says {service.metrics}")
    finally:
        service.stop()
    say(f"\nMessages that left: {folder}/outbox   log: {service.log.name}")
    say("To look around yourself: start `idproof all`, open http://127.0.0.1:8787/ (pages) and /docs (API);")
    say("`idproof outbox` shows the codes that it sends, `idproof keys create --sandbox` makes an integrator's key.")


main()
