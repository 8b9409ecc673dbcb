"""Whatever strangers send, the server answers 4xx at worst, and goes on serving everybody else."""

import socket
import time

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.core.result import Ok
from tests.serve.servers import Served, served

from foreword.serve.engine import Sizes


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    sizes = Sizes(num_slots=4, slot_len=60, chunk_len=16, pool_size=4, max_waiting=200)
    with served(tmp_path_factory.mktemp("store"), admin=True, sizes=sizes) as running:
        yield running


def unharmed(server: Served) -> bool:
    return server.openai.completions.create(model="a@1", prompt="so").choices[0].text == server.written("a", "so")


def operations(server: Served) -> dict:
    schema = schemathesis.openapi.from_url(f"{server.url}/openapi.json")
    found = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
    return {f"{operation.method.upper()} {operation.path}": operation for operation in found}


SLOW = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large, HealthCheck.large_base_example]

OPERATIONS = [
    "POST /v1/completions",
    "POST /v1/chat/completions",
    "POST /v1/side-by-side",
    "GET /v1/models",
    "GET /v1/models/{model}",
    "GET /v1/prefixes",
    "GET /v1/prefixes/{reference}",
    "PUT /v1/prefixes/{name}",
    "DELETE /v1/prefixes/{reference}",
    "PUT /v1/aliases/{alias}",
    "DELETE /v1/aliases/{alias}",
    "POST /v1/prefixes/{reference}/preload",
    "PUT /v1/prefixes/{reference}/pin",
    "DELETE /v1/prefixes/{reference}/pin",
    "GET /healthz",
    "GET /readyz",
    "GET /metrics",
]


@pytest.mark.parametrize("named", OPERATIONS)
def test_whatever_the_api_document_allows_is_answered_and_harms_nobody(server, named):
    operation = operations(server)[named]
    method, path = named.split()
    document = server.http.get("/openapi.json").json()
    responses = document["paths"][path][method.lower()]["responses"]

    @settings(max_examples=12, deadline=None, suppress_health_check=SLOW, database=None)
    @given(case=operation.as_strategy())
    def asked(case) -> None:
        answer = case.call(base_url=server.url, timeout=60)
        assert answer.status_code < 500, answer.text
        assert str(answer.status_code) in responses, "the document promises something else"
        if answer.status_code >= 400:
            assert set(answer.json()["error"]) == {"message", "type", "param", "code"}

    asked()
    assert unharmed(server)


def test_the_list_above_is_the_whole_api(server):
    assert sorted(operations(server)) == sorted(OPERATIONS)


def test_a_slow_reader_holds_up_nobody(server):
    """It asks for a stream and does not read it."""
    body = b'{"model": "a@1", "prompt": "so", "max_tokens": 50, "ignore_eos": true, "stream": true, "n": 64, "logprobs": 20}'
    head = (
        b"POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        % len(body)
    )
    with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2]))) as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        slow.sendall(head + body)
        time.sleep(0.2)
        assert unharmed(server)


@pytest.mark.parametrize(
    "path",
    [
        "/v1/prefixes/..%2f..%2fetc%2fpasswd",
        "/v1/prefixes/%2e%2e",
        "/v1/models/..%2f..",
        "/../../etc/passwd",
        "/v1/prefixes/a%00b",
    ],
)
def test_no_path_leaves_the_store(server, path):
    answer = server.http.get(path)
    assert answer.status_code in (400, 404)
    assert "root:" not in answer.text
