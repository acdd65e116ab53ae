"""Any OpenAI-compatible server (`vllm serve`, Ollama, a hosted model) through the official client.

`engine` asks and adapts; `bodies`, `answers`, `refusals` and `wording` read what servers say; `parameters`
is what a request holds; `patience` waits; `connection` is the client and `settings` what it is given.
"""

from fractal_agent.engines.openai.engine import OpenAIEngine

__all__ = ["OpenAIEngine"]
