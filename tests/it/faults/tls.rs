//! N: TLS, and HTTP/2.
