"""Turns one GGUF file into the ordinary bf16 checkpoint that vLLM serves: weights, config and tokenizer.

Run as a process of its own, `python -m fractal_agent.models.convert GGUF FOLDER`: the conversion holds every
weight in memory, and what it took goes back to the system when the process ends.
"""

import functools
import sys
from pathlib import Path


def convert(gguf_file: Path, folder: Path) -> None:
    """Write the checkpoint of `gguf_file` into `folder`, which is made if missing.

    Not atomic: a caller that needs all or nothing gives a scratch folder and renames it.
    """
    # Imported here because these take seconds and gigabytes, and only this process may pay for them.
    import gguf
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    # transformers opens the file three times, and each time the reader takes long over the vocabulary.
    # Keeping it is safe in a process that reads one file and ends. Measured, 0.5B on 2 cores: 99 s without,
    # 65 s with.
    setattr(gguf, "GGUFReader", functools.cache(gguf.GGUFReader))  # noqa: B010  # a function for a class

    source = {"pretrained_model_name_or_path": str(gguf_file.parent), "gguf_file": gguf_file.name}
    tokenizer = AutoTokenizer.from_pretrained(**source)
    model = AutoModelForCausalLM.from_pretrained(
        **source, dtype=torch.bfloat16, quantization_config=GgufConfig(dequantize=True)
    )
    # The weights are whole again; a config that still says otherwise makes vLLM look for packed ones.
    vars(model.config).pop("quantization_config", None)
    model.hf_quantizer = None
    model.save_pretrained(str(folder))
    tokenizer.save_pretrained(str(folder))


if __name__ == "__main__":
    convert(Path(sys.argv[1]), Path(sys.argv[2]))
