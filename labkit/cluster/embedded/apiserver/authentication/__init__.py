"""Who asks: certificates, tokens, service accounts, and acting as somebody else.

Knows nothing about what somebody may do, and of sockets. See docs/embedded-cluster.md.

::

    pki               the authority, the server's and clients' certificates, the signing key
    authenticator     a certificate or a header -> User, or Unauthorized
    service_accounts  tokens: issued, checked
    impersonation     `--as`
    reviews           TokenReview, SelfSubjectReview, TokenRequest: an object in, an object out
"""
