"""A passkey in software: makes and answers what a browser would, by the same bytes."""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import (
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

HERE = "http://testserver"


class SoftPasskey:
    """`verified`: it asks for a finger before it answers."""

    def __init__(self, *, verified: bool = True, counts: bool = True) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = os.urandom(16)
        self.verified, self.counts = verified, counts
        self.count = 0
        self.handle = b""

    def make(self, options: dict[str, Any], *, origin: str = HERE) -> str:
        asked = options["publicKey"]
        self.handle = websafe_decode(asked["user"]["id"])
        public = ES256.from_cryptography_key(self.key.public_key())
        credential = AttestedCredentialData.create(bytes(16), self.id, public)
        data = self._data(asked["rp"]["id"], credential)
        attested = AttestationObject.create("none", data, {})
        client = CollectedClientData.create(CollectedClientData.TYPE.CREATE, asked["challenge"], origin)
        return self._said({"clientDataJSON": client, "attestationObject": attested})

    def answer(self, options: dict[str, Any], *, origin: str = HERE, handle: bytes | None = None) -> str:
        asked = options["publicKey"]
        data = self._data(asked["rpId"])
        client = CollectedClientData.create(CollectedClientData.TYPE.GET, asked["challenge"], origin)
        signature = self.key.sign(data + client.hash, ec.ECDSA(hashes.SHA256()))
        said = {"clientDataJSON": client, "authenticatorData": data, "signature": signature}
        return self._said({**said, "userHandle": handle or self.handle})

    def _data(self, domain: str, credential: AttestedCredentialData | None = None) -> AuthenticatorData:
        flag = AuthenticatorData.FLAG
        flags = flag.UP | (flag.UV if self.verified else 0) | (flag.AT if credential else 0)
        self.count += self.counts
        digest = hashlib.sha256(domain.encode()).digest()
        return AuthenticatorData.create(digest, flags, self.count, credential or b"")

    def _said(self, response: dict[str, bytes]) -> str:
        key = websafe_encode(self.id)
        said = {name: websafe_encode(value) for name, value in response.items()}
        answer = {"id": key, "rawId": key, "type": "public-key", "response": said}
        return json.dumps({**answer, "clientExtensionResults": {}})
