"""Around every request: who really asks, its id, its line in the log, and what its page may load."""

import json
import logging
import time
from collections.abc import Callable
from ipaddress import ip_address, ip_network

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponseBase
from django.utils.csp import CSP, build_policy
from prometheus_client import Counter, Histogram

from lpg import trace
from lpg.problems import Problem

type Next = Callable[[HttpRequest], HttpResponseBase]

log = logging.getLogger("lpg.requests")
served = Counter("lpg_requests_total", "Requests served", ["method", "route", "status"])
seconds = Histogram("lpg_request_seconds", "Time to serve a request", ["method", "route"])

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

type Policy = dict[str, list[str]]

STRICT: Policy = {
    "default-src": [CSP.SELF],
    "object-src": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "form-action": [CSP.SELF],
    "frame-ancestors": [CSP.NONE],
}
POLICIES: dict[str, Policy] = {  # by the start of the path; what each needs and no more
    "/admin/papers/": {  # PDFs, which a page of the desk shows in a frame: browsers show them by a plugin of their own
        **STRICT,
        "object-src": [CSP.SELF],
        "style-src": [CSP.SELF, CSP.UNSAFE_INLINE],
        "frame-ancestors": [CSP.SELF],
    },
    "/admin/": {
        **STRICT,
        "script-src": [CSP.SELF, CSP.UNSAFE_EVAL],  # the theme's Alpine evaluates attributes
        "style-src": [CSP.SELF, CSP.UNSAFE_INLINE],
        "img-src": [CSP.SELF, "data:"],
    },
    "/api/schema/redoc/": {
        **STRICT,
        "style-src": [CSP.SELF, CSP.UNSAFE_INLINE],
        "img-src": [CSP.SELF, "data:"],
        "worker-src": [CSP.SELF, "blob:"],
    },
    "/api/schema/swagger-ui/": {**STRICT, "img-src": [CSP.SELF, "data:"]},
    "/": STRICT,
}


def who_asks(get_response: Next) -> Next:
    """Sets the address and the request id for all that follows. About others only a trusted proxy is believed."""
    trusted = [ip_network(proxy) for proxy in settings.TRUSTED_PROXIES]

    def is_trusted(address: str) -> bool:
        return _is_address(address) and any(ip_address(address) in network for network in trusted)

    def middleware(request: HttpRequest) -> HttpResponseBase:
        address = request.META.get("REMOTE_ADDR", "")
        if is_trusted(address):
            address = _farthest(address, request.META.get("HTTP_X_FORWARDED_FOR", ""), is_trusted)
        else:
            request.META.pop("HTTP_X_FORWARDED_PROTO", None)
        trace.address.set(address[:45])
        trace.request_id.set(trace.new_request_id(request.META.get("HTTP_X_REQUEST_ID", "")))
        response = get_response(request)
        response.headers["X-Request-ID"] = trace.request_id.get()
        return response

    return middleware


def request_log(get_response: Next) -> Next:
    """One JSON line a request. No query strings, bodies or tokens: what is not written cannot leak."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        started = time.perf_counter()
        response = _served(request, get_response)
        duration = time.perf_counter() - started
        route = request.resolver_match.route if request.resolver_match else "none"
        method = request.method if request.method in METHODS else "OTHER"  # nobody may invent figures
        served.labels(method, route, response.status_code).inc()
        seconds.labels(method, route).observe(duration)
        line = {
            "method": request.method,
            "path": request.path,
            "status": response.status_code,
            "user": getattr(getattr(request, "user", None), "username", "") or None,
            "duration_ms": round(duration * 1000, 1),
            "address": trace.address.get(),
            "request_id": trace.request_id.get(),
        }
        log.info(json.dumps(line, ensure_ascii=False))
        return response

    return middleware


def content_security(get_response: Next) -> Next:
    """Says to the browser what a page may load, by path."""

    policies = {start: build_policy(policy) for start, policy in POLICIES.items()}

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        policy = next(policy for start, policy in policies.items() if request.path.startswith(start))
        response.headers.setdefault(CSP.HEADER_ENFORCE.value, policy)
        return response

    return middleware


def _farthest(address: str, forwarded: str, is_trusted: Callable[[str], bool]) -> str:
    """Back along the hops, each named by the one before it, for as long as they are trusted and name an address."""
    for hop in reversed([part.strip() for part in forwarded.split(",") if part.strip()]):
        if not is_trusted(address) or not _is_address(hop):
            break
        address = hop
    return address


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _served(request: HttpRequest, get_response: Next) -> HttpResponseBase:
    try:
        request.get_host()
    except DisallowedHost:
        return Problem(400, "invalid", "This system does not answer to that host name. Check the address.")
    return get_response(request)
