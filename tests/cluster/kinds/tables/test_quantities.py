from __future__ import annotations

import pytest

from labkit.cluster.embedded.apiserver.kinds.tables import canonical_quantity


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        (None, "0"),
        ("0", "0"),
        ("0Gi", "0"),
        (3, "3"),
        ("10Gi", "10Gi"),
        ("1024Mi", "1Gi"),
        ("1536Mi", "1536Mi"),
        ("1.5Gi", "1536Mi"),
        ("1Ki", "1Ki"),
        ("0.5Ki", "512"),
        ("500m", "500m"),
        ("0.5", "500m"),
        ("1000m", "1"),
        ("1500m", "1500m"),
        ("1000", "1k"),
        ("1500", "1500"),
        ("5M", "5M"),
        ("-250m", "-250m"),
        ("1e3", "1e3"),
        ("12e6", "12e6"),
        ("0.1n", "1n"),
        ("5000n", "5u"),
        ("7E", "7E"),
        ("7000P", "7E"),
        ("7000E", "7000E"),
        ("3072Pi", "3Ei"),
        ("3072Ei", "3072Ei"),
        ("-1Ki", "-1Ki"),
        ("many", "many"),
        ("", ""),
    ],
)
def test_a_quantity_has_one_form(text: str | int | None, canonical: str) -> None:
    assert canonical_quantity(text) == canonical
