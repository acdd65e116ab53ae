"""Turns one GGUF file into the ordinary bf16 checkpoint that vLLM serves: weights, config and tokenizer.

Run as a process of its own, `python -m fractal_agent.models.convert GGUF FOLDER`: the conversion holds every
weight in memory, and what it took goes back to the system when the process ends.
"""

import sys
from pathlib import Path


def convert(gguf: Path, folder: Path) -> None:
    """Write the checkpoint of `gguf` into `folder`, which is made if missing.

    Not atomic: a caller that needs all or nothing gives a scratch folder and renames it.
    """
    # Imported here because these take seconds and gigabytes, and only this process may pay for them.
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    tokenizer = AutoTokenizer.from_pretrained(str(gguf.parent), gguf_file=gguf.name)
    model = AutoModelForCausalLM.from_pretrained(
        str(gguf.parent),
        gguf_file=gguf.name,
        dtype=torch.bfloat16,
        quantization_config=GgufConfig(dequantize=True),
    )
    # The weights are whole again; a config that still says otherwise makes vLLM look for packed ones.
    model.config.quantization_config = None
    del model.config.quantization_config
    model.hf_quantizer = None
    model.save_pretrained(str(folder))
    tokenizer.save_pretrained(str(folder))


if __name__ == "__main__":
    convert(Path(sys.argv[1]), Path(sys.argv[2]))
