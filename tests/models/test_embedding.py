import numpy as np
import pytest

from stc.errors import UserError
from stc.models import embedding
from stc.models.embedding import FakeEmbedder, MiniLM, open_embedder


def test_the_environment_chooses_the_fake():
    assert isinstance(open_embedder(), FakeEmbedder)


def test_fake_vectors_have_unit_length_and_are_near_for_shared_words():
    a, b, c = FakeEmbedder().encode(["the red ferry sails", "a red ferry sailed", ""])
    assert np.allclose([a @ a, c @ c], 1.0)
    assert a @ b > 0.3


@pytest.mark.model
def test_the_real_model_gives_near_vectors_for_near_meanings():
    model = MiniLM()
    vectors = model.encode(
        ["When does the ferry leave?", "What is the departure time of the boat?", "Lemon cake recipe"]
    )
    assert vectors.shape == (3, 384)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-3)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.2
    assert model.count_tokens("embeddings") == 4
    assert model.encode([]).shape == (0, 384)


@pytest.mark.model
def test_other_weights_are_refused_in_words(monkeypatch):
    monkeypatch.setattr(embedding, "_WEIGHTS_SHA256", "0" * 64)
    with pytest.raises(UserError, match="Reinstall"):
        MiniLM().encode(["a"])


@pytest.mark.model
def test_the_order_of_many_texts_is_kept_whatever_their_lengths():
    model = MiniLM()
    texts = [f"ferry {i} " + "sails " * (i * 7 % 40) for i in range(45)]
    together = model.encode(texts)
    for i in (0, 13, 44):
        assert together[i] @ model.encode([texts[i]])[0] > 0.999
