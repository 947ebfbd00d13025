# SPDX-License-Identifier: GPL-2.0-or-later
"""The doctor's checks of the service: server, accounts, single sign-on, notices, reports.

What `enforcer run` refuses at its start is found here before it is started. Providers are asked
for nothing but their public document.
"""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from ipaddress import ip_network
from pathlib import Path

from enforcer import secrets
from enforcer.application.views import DoctorCheck
from enforcer.core.access import Role
from enforcer.core.intake_reading import read_rules
from enforcer.errors import ConfigurationInvalid, EnforcerError
from enforcer.notify.channel_settings import problems
from enforcer.service_settings import OidcSettings, ServiceSettings, WebSettings
from enforcer.usecases.doctor_findings import counted, finding, good, guarded, listed
from enforcer.usecases.world import World

LISTEN, TLS, URL = "web listen", "web TLS", "web address"
PROXIES, METRICS = "web proxies", "web metrics"
ADMIN, OIDC, NOTIFY, INTAKE = "accounts", "single sign-on", "notices", "intake rules"
_SOON = timedelta(days=21)
_WIDE4, _WIDE6 = 16, 48
_PATIENCE = 3.0
_LOCAL = ("127.", "localhost", "[::1]")


def checks(world: World) -> Iterator[DoctorCheck]:
    """All of them; none where the settings of the service are not known."""
    service, base = world.installation.service, world.installation.base
    if service is None:
        return
    web = service.web
    looks: tuple[tuple[str, Callable[[], DoctorCheck], str], ...] = (
        (LISTEN, lambda: listen(web, world.led()), "correct service.web.listen"),
        (TLS, lambda: certificate(web, base, world.clock.now()), "give PEM files that fit"),
        (URL, lambda: address(web), "correct service.web.url"),
        (PROXIES, lambda: proxies(web), "write addresses or prefixes"),
        (METRICS, lambda: metrics(web), "write addresses or prefixes"),
        (ADMIN, lambda: admin(world, service), "see the check of the database"),
        (NOTIFY, lambda: notify(service, base), "correct the channels"),
        (INTAKE, lambda: intake(service), "see docs/detectors"),
    )
    for check, look, advice in looks:
        yield guarded(check, look, advice)
    for provider in service.oidc:
        yield guarded(OIDC, partial(issuer, provider, base), "correct service.oidc")


def listen(web: WebSettings, led: bool) -> DoctorCheck:
    """Whether the address can be listened on; in use is right while a controller runs."""
    if not web.listen:
        return good(LISTEN, "no server: listen is empty")
    host, _, port = web.listen.rpartition(":")
    if not port.isdecimal() or int(port) > 65535:
        return finding(LISTEN, f"{web.listen!r} is no address and port", "such as 127.0.0.1:8080")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((host.strip("[]"), int(port)))
            tried.listen(1)
        except OSError as error:
            if led:
                return good(LISTEN, f"{web.listen}, in use, and a controller runs")
            advice = "end the program that has it, or choose another port"
            return finding(LISTEN, f"{web.listen}: {error.strerror}", advice)
    return good(LISTEN, f"{web.listen} is free")


def certificate(web: WebSettings, base: Path, now: datetime) -> DoctorCheck:
    """Whether certificate and key fit, and for how long it holds."""
    if bool(web.tls_certificate) != bool(web.tls_key):
        return finding(TLS, "tls_certificate and tls_key go together", "set both, or neither")
    if not web.tls_certificate:
        return good(TLS, "none here: a proxy in front does it, or nobody")
    file, key = base / web.tls_certificate, base / web.tls_key
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(file, key)
        ends = _ends(file)
    except (OSError, ValueError) as error:
        said = f"{file} with {key}: {getattr(error, 'strerror', None) or error}"
        return finding(TLS, said, "give PEM files that fit, and that this user can read")
    if ends <= now:
        return finding(TLS, f"{file} has expired {ends:%Y-%m-%d}", "renew it, and restart")
    if ends - now < _SOON:
        return finding(TLS, f"{file} expires {ends:%Y-%m-%d}", "renew it, and restart")
    return good(TLS, f"{file}, until {ends:%Y-%m-%d}")


def _ends(file: Path) -> datetime:
    # Late: few commands look at a certificate.
    from cryptography import x509

    return x509.load_pem_x509_certificate(file.read_bytes()).not_valid_after_utc


def address(web: WebSettings) -> DoctorCheck:
    """Whether cookies go over HTTPS alone: that is decided by the address that people use."""
    shown = web.url or f"http://{web.listen}"
    if not web.listen:
        return good(URL, "no server")
    if shown.startswith("https://") or web.tls_certificate:
        return good(URL, f"{shown}: cookies go over HTTPS alone")
    if shown.removeprefix("http://").startswith(_LOCAL):
        return good(URL, f"{shown}: for this machine alone; set web.url to https:// for others")
    advice = "do TLS (tls_certificate, or a proxy) and set service.web.url to https://..."
    return finding(URL, f"{shown}: passwords and cookies travel in the clear", advice)


def proxies(web: WebSettings) -> DoctorCheck:
    """Whether more than proxies may say who somebody is."""
    wide = [one for one in web.trusted_proxies if one == "*" or _is_wide(one)]
    if wide:
        said = f"{listed(wide)} is trusted: anybody there may claim any address"
        return finding(PROXIES, said, "name the proxies' own addresses in trusted_proxies")
    if not web.trusted_proxies:
        return good(PROXIES, "none is trusted")
    return good(PROXIES, listed([*web.trusted_proxies]))


def metrics(web: WebSettings) -> DoctorCheck:
    """Whether numbers are open to more than the machines that scrape."""
    wide = [one for one in web.metrics_open_to if _is_wide(one)]
    if wide:
        advice = "name the scrapers' addresses in metrics_open_to, or give them a token"
        return finding(METRICS, f"open to {listed(wide)}", advice)
    return good(METRICS, f"open to {listed([*web.metrics_open_to]) or 'tokens alone'}")


def _is_wide(text: str) -> bool:
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        raise ConfigurationInvalid(f"{text!r} is no address or prefix") from None
    if network.is_loopback:
        return False
    return network.prefixlen < (_WIDE4 if network.version == 4 else _WIDE6)


def admin(world: World, service: ServiceSettings) -> DoctorCheck:
    """Whether somebody can log in who may give others accounts, without single sign-on."""
    with world.database.read() as reader:
        users = reader.users.all()
    admins = [
        one.name
        for one in users
        if one.disabled is None and one.password is not None and _is_admin(one.body)
    ]
    if admins:
        return good(ADMIN, f"{counted(len(users), 'account')}, local admins: {listed(admins)}")
    advice = "`enforcer user add NAME --role admin`"
    if service.oidc:
        said = "no local admin: nobody gets in while the provider is away"
        return finding(ADMIN, said, advice)
    return finding(ADMIN, "no local admin: nobody can give others accounts in the desk", advice)


def _is_admin(body: str) -> bool:
    """By what `enforcer.accounts` keeps of an account."""
    return Role.ADMIN in json.loads(body).get("roles", ())


def issuer(settings: OidcSettings, base: Path) -> DoctorCheck:
    """Whether the provider answers as itself, and the secret can be read."""
    # Late: few commands ask a provider.
    import httpx

    if settings.client_secret:
        secrets.read(settings.client_secret, base)
    place = f"{settings.issuer.rstrip('/')}/.well-known/openid-configuration"
    trust = ssl.create_default_context(cafile=str(base / settings.ca) if settings.ca else None)
    try:
        with httpx.Client(verify=trust, timeout=_PATIENCE, trust_env=False) as client:
            answer = client.get(place)
            stated = answer.json().get("issuer") if answer.status_code == 200 else None
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, AttributeError) as error:
        said = f"{settings.issuer} does not answer: {str(error) or type(error).__name__}"
        return finding(OIDC, said, "see that this machine reaches it, and of its certificate")
    if stated != settings.issuer:
        said = f"{place} answers {answer.status_code}, and calls itself {stated!r}"
        return finding(OIDC, said, "write issuer exactly as the provider calls itself")
    return good(OIDC, f"{settings.issuer} answers")


def notify(service: ServiceSettings, base: Path) -> DoctorCheck:
    """Whether channels are complete, and their references can be read."""
    found = problems(service.notify)
    for channel in service.notify:
        for text in (channel.url, channel.webhook, channel.secret):
            if text and secrets.is_reference(text):
                try:
                    secrets.read(text, base)
                except EnforcerError as error:
                    found.append(f"{channel.name}: {error}")
    if found:
        return finding(NOTIFY, "; ".join(found), "then `enforcer notice test CHANNEL`")
    if not service.notify:
        return good(NOTIFY, "no channel: nobody is told anything")
    return good(NOTIFY, listed([channel.name for channel in service.notify]))


def intake(service: ServiceSettings) -> DoctorCheck:
    """Whether the rules for reports can be read."""
    rules = read_rules(service.intake.rules, service.intake.default_duration)
    if not rules:
        return good(INTAKE, "none: every report waits for a person")
    return good(INTAKE, counted(len(rules), "rule"))
