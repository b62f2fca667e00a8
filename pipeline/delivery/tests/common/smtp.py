"""A mail server for tests. Prints its port, then each mail it takes as one line of JSON."""

import argparse
import asyncio
import json
import ssl

from aiosmtpd.smtp import SMTP, AuthResult

parser = argparse.ArgumentParser()
parser.add_argument("--behaviour", default="accept")
parser.add_argument("--certificate")
parser.add_argument("--key")
parser.add_argument("--password")
parser.add_argument("--wrapped", action="store_true", help="TLS from the first byte")
options = parser.parse_args()


class Handler:
    def __init__(self):
        self.seen = 0

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        self.seen += 1
        match options.behaviour:
            case "unknown":
                return f"550 5.1.1 <{address}> no such user"
            case "greylist" if self.seen == 1:
                return f"451 4.7.1 <{address}> greylisted, come back later"
            case "busy":
                return f"451 4.3.0 <{address}> come back later"
            case "slow":
                await asyncio.sleep(30)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "data": envelope.content.decode("latin-1"),
            "tls": session.ssl is not None or options.wrapped,
            "user": session.auth_data,
        }
        print(json.dumps(mail), flush=True)
        if options.behaviour == "drop":
            server.transport.abort()
            await asyncio.sleep(1)
        return "250 taken"


def authenticate(server, session, envelope, mechanism, data):
    good = data.password.decode() == options.password
    return AuthResult(success=good, handled=False, auth_data=data.login.decode())


async def main():
    context = None
    if options.certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(options.certificate, options.key)
    handler = Handler()

    def session():
        auth = {}
        if options.password:
            auth = {"authenticator": authenticate, "auth_required": True}
            auth["auth_require_tls"] = not options.wrapped
        starttls = None if options.wrapped else context
        return SMTP(
            handler,
            hostname="test",
            tls_context=starttls,
            require_starttls=starttls is not None,
            enable_SMTPUTF8=False,
            **auth,
        )

    loop = asyncio.get_running_loop()
    wrapped = context if options.wrapped else None
    server = await loop.create_server(session, "127.0.0.1", 0, ssl=wrapped)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
