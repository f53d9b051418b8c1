"""The WhatsApp Web gateway: a process of its own that holds one linked device (docs/whatsapp-web-gateway.md).

It knows nothing of the desk but one address and one secret, and imports neither Django nor our models.
"""
