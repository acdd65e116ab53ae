"""Servers that people know by name and that speak OpenAI's protocol: what to type to use one."""

import re
from collections.abc import Iterable

from fractal_agent.catalog import UnknownName

_ADDRESSES = {
    "anthropic": "https://api.anthropic.com/v1",
    "azure": "https://RESOURCE.openai.azure.com/openai/v1",
    "cerebras": "https://api.cerebras.ai/v1",
    "cohere": "https://api.cohere.ai/compatibility/v1",
    "deepseek": "https://api.deepseek.com/v1",
    "fireworks": "https://api.fireworks.ai/inference/v1",
    "gemini": "https://generativelanguage.googleapis.com/v1beta/openai",
    "groq": "https://api.groq.com/openai/v1",
    "huggingface": "https://router.huggingface.co/v1",
    "jan": "http://localhost:1337/v1",
    "koboldcpp": "http://localhost:5001/v1",
    "litellm": "http://localhost:4000/v1",
    "llamacpp": "http://localhost:8080/v1",
    "lmdeploy": "http://localhost:23333/v1",
    "lmstudio": "http://localhost:1234/v1",
    "localai": "http://localhost:8080/v1",
    "mistral": "https://api.mistral.ai/v1",
    "mlx": "http://localhost:8080/v1",
    "nvidia": "https://integrate.api.nvidia.com/v1",
    "ollama": "http://localhost:11434/v1",
    "openrouter": "https://openrouter.ai/api/v1",
    "perplexity": "https://api.perplexity.ai",
    "sglang": "http://localhost:30000/v1",
    "tensorrt": "http://localhost:8000/v1",
    "textgenerationwebui": "http://localhost:5000/v1",
    "tgi": "http://localhost:8080/v1",
    "together": "https://api.together.xyz/v1",
    "vertex": "https://LOCATION-aiplatform.googleapis.com/v1/projects/PROJECT/locations/LOCATION/endpoints/openapi",
    "xai": "https://api.x.ai/v1",
}
"""Where each listens unless it was told otherwise; a word in capitals is to be filled in."""

_ALIASES = {
    "azureopenai": "azure",
    "claude": "anthropic",
    "google": "gemini",
    "googleai": "gemini",
    "grok": "xai",
    "hf": "huggingface",
    "kobold": "koboldcpp",
    "llama": "llamacpp",
    "llamafile": "llamacpp",
    "llamaserver": "llamacpp",
    "mlxlm": "mlx",
    "nim": "nvidia",
    "oobabooga": "textgenerationwebui",
    "tensorrtllm": "tensorrt",
    "textgenerationinference": "tgi",
    "togetherai": "together",
    "trtllm": "tensorrt",
    "vertexai": "vertex",
}
_SAME_PROTOCOL = frozenset(
    {"openaicompatible", "openaicompat", "chatgpt", "gpt", "gpt4", "vllmserver", "server"}
)


class UnknownEngine(UnknownName):
    """No engine has that name; for a server that is known by it, the message says how to reach it."""

    def __init__(self, name: str, valid: Iterable[str]) -> None:
        super().__init__("engine", name, valid)
        if advice := _advice(name):
            self.args = (f"unknown engine {name!r}: {advice}",)


def _advice(name: str) -> str:
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    if plain in ("openai", "vllm", "scripted"):
        return f"it is written {plain}, as in --engine {plain}"
    if plain in _SAME_PROTOCOL:
        return "use --engine openai, with --base-url URL for a server of your own"
    address = _ADDRESSES.get(_ALIASES.get(plain, plain), "")
    if not address:
        return ""
    key = "" if "//localhost" in address else ", and its key in $OPENAI_API_KEY"
    return (
        f"it speaks OpenAI's protocol, so use --engine openai --base-url {address}{key} "
        "(the address is its usual one)"
    )
