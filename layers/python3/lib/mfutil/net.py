"""This machine's names and addresses, and whether others answer."""

import os
import socket


def get_simple_hostname():
    """This machine's name without its domain."""
    return socket.gethostname().split(".")[0]


def get_full_hostname(*_):
    """With its domain, where it has one."""
    full = socket.getfqdn()
    if "." in full and full.split(".")[0] != "localhost":
        return full
    domain = get_domainname()
    return f"{get_simple_hostname()}.{domain}" if domain else get_simple_hostname()


def get_domainname(*_):
    """The domain of this machine, or None."""
    for name in (socket.gethostname(), socket.getfqdn()):
        simple, _, domain = name.partition(".")
        if domain and simple != "localhost":
            return domain
    return os.environ.get("MFDOMAIN") or _domain_of_resolver()


def get_ip_for_hostname(hostname=None, *_):
    """The IPv4 address of a host, of this machine when none is named; None when it has none."""
    if not hostname or hostname == get_simple_hostname():
        return get_real_ip()
    if hostname == "localhost":
        return "127.0.0.1"
    try:
        return socket.gethostbyname(hostname)
    except (OSError, UnicodeError):
        return None


def get_real_ip(*_):
    """This machine's address for others; None when it has no network."""
    try:
        address = socket.gethostbyname(socket.gethostname())
        if not address.startswith("127."):
            return address
    except OSError:
        pass
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Connecting a datagram socket sends nothing: it only asks the kernel by which address it would leave.
            probe.connect(("192.0.2.1", 9))
            return probe.getsockname()[0]
        except OSError:
            return os.environ.get("MFHOSTNAME_IP") or None


def ping_tcp_port(hostname, port, timeout=5):
    """Whether somebody listens there. `timeout`: seconds."""
    try:
        with socket.create_connection((hostname, int(port)), timeout=float(timeout)):
            return True
    except (OSError, UnicodeError):
        return False


def _domain_of_resolver():
    try:
        with open("/etc/resolv.conf", encoding="utf-8", errors="replace") as lines:
            for line in lines:
                words = line.split()
                if len(words) > 1 and words[0] in ("domain", "search"):
                    return words[1]
    except OSError:
        pass
    return None
