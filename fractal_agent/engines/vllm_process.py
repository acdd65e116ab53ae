"""What runs inside vLLM's engine process: the model itself, and a watch on the process that started it.

vLLM imports this module by the name in `vllm_settings.EXECUTOR`; nothing else may, for it imports vLLM.
"""

from vllm.v1.executor.uniproc_executor import UniProcExecutor

from fractal_agent.engines.lifeline import end_with_parent, leave_terminal


class ModelInEngineProcess(UniProcExecutor):  # type: ignore[misc]  # vLLM's types are not followed
    """Runs the model in the process that schedules it.

    On a CPU vLLM would start one more process for the model, which costs another import of torch and
    vLLM (10 of 59 seconds, measured) and has the scheduler spin on shared memory, on cores that the
    model needs. It does so to set OpenMP's environment, which `vllm_settings` sets for this one.
    """

    def _init_executor(self) -> None:
        leave_terminal()
        end_with_parent()
        super()._init_executor()
