"""How a broker lets us in: TLS, a password, a certificate, from one section of options; secrets never leave this file."""

import os
import pathlib
import ssl
from typing import Any

import msgspec

from streamer.config import Bus
from streamer.errors import ConfigError


class Secret:
    """A value that is used and never shown."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value, for the one call that needs it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__


class Security(msgspec.Struct, frozen=True, kw_only=True):
    """What every client of a broker is made with."""

    protocol: str = "PLAINTEXT"
    mechanism: str | None = None
    username: str | None = None
    password: Secret | None = None
    context: ssl.SSLContext | None = None
    certificate: bool = False  # whether we show one of our own

    def settings(self) -> dict[str, Any]:
        """The same as keyword arguments of kafka-python."""
        found: dict[str, Any] = {"security_protocol": self.protocol}
        if self.context:
            found["ssl_context"] = self.context
        if self.mechanism and self.password:
            found |= {
                "sasl_mechanism": self.mechanism,
                "sasl_plain_username": self.username,
                "sasl_plain_password": self.password.reveal(),
            }
        return found


def security(options: Bus) -> Security:
    """Reads certificates and secrets. Errors: ConfigError that names what is missing, never what a secret is."""
    found = Security(protocol=options.protocol)
    if options.protocol in ("SSL", "SASL_SSL"):
        found = msgspec.structs.replace(found, context=_context(options), certificate=bool(options.certificate_file))
    if options.protocol in ("SASL_PLAINTEXT", "SASL_SSL"):
        if not options.username:
            raise ConfigError(f"bus.username is empty; expected a name, as bus.protocol is {options.protocol}")
        found = msgspec.structs.replace(found, mechanism=options.mechanism, username=options.username, password=_password(options))
    return found


def _password(options: Bus) -> Secret:
    if options.password_file:
        try:
            text = pathlib.Path(options.password_file).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
            raise ConfigError(f"bus.password_file {options.password_file}: {reason}; expected a file with the password") from None
        return Secret(text.rstrip("\r\n"))
    value = os.environ.get(options.password_env)
    if not value:
        raise ConfigError(f"no password for {options.username}: set ${options.password_env}, or bus.password_file to a file that holds it")
    return Secret(value)


def _context(options: Bus) -> ssl.SSLContext:
    """TLS 1.2 or newer; the certificate and the host name are always checked."""
    context = ssl.create_default_context()
    if options.ca_file:
        context = ssl.create_default_context(cafile=_file("bus.ca_file", options.ca_file))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if options.certificate_file:
        key = _file("bus.key_file", options.key_file) if options.key_file else None
        certificate = _file("bus.certificate_file", options.certificate_file)
        try:
            context.load_cert_chain(certificate, key, lambda: os.environ.get(options.key_password_env, ""))
        except (ssl.SSLError, OSError, ValueError):
            raise ConfigError(
                f"bus.certificate_file {certificate}: it and its key cannot be used; "
                f"expected PEM, and ${options.key_password_env} where the key has a password"
            ) from None
    return context


def _file(option: str, path: str) -> str:
    """The path of a PEM file. Errors: ConfigError."""
    try:
        text = pathlib.Path(path).read_bytes()
    except OSError as error:
        raise ConfigError(f"{option} {path}: {error.strerror}; expected a PEM file") from None
    if b"-----BEGIN" not in text:
        raise ConfigError(f"{option} {path}: no PEM file (it has no -----BEGIN line)")
    return path
