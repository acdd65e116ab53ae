"""How servers word what they refuse: the parameter, the prompt, the account, the address, the hour."""

import re

OPTIONAL = ("seed", "top_p", "temperature", "stop", "prefill", "max_tokens", "max_completion_tokens")
"""Parameters that a request can do without."""

_SPELLINGS = {
    "seed": r"(?:random_)?seed",
    "top_p": r"top[_-]?p|nucleus",
    "temperature": r"temperature",
    "stop": r"[`'\"$.]+stop[`'\"]*|len\(stop\)|stop\b(?= is| must| can| has|:| param)"
    r"|stop[ _-]?(?:strings?|sequences?|seqs?|words?|tokens?)",
    "prefill": r"continue_final_message|add_generation_prompt|prefill\w*|final (?:assistant )?message"
    r"|last (?:message|role)|assistant (?:message|prefix|role)|end with a user message",
    "max_completion_tokens": r"max_completion_tokens",
    "max_tokens": r"max_(?:new_|output_)?tokens|max(?:Output|New)?Tokens",
}
MENTIONS = {name: re.compile(rf"(?<!\w)(?:{form})(?!\w)", re.IGNORECASE) for name, form in _SPELLINGS.items()}
"""How fields and words name a parameter."""


def _any(*forms: str) -> re.Pattern[str]:
    return re.compile("|".join(forms), re.IGNORECASE)


LONG_CODES = _any(
    r"context_(?:length|window|size)\w*|exceed_context\w*|prompt_too_long|request_too_large",
    r"string_above_max_length|string_too_long|contextwindowexceeded\w*",
)
LONG_SURELY = _any(
    r"context[ _-]?(?:length|window|size|limit)|context the overflows|\bn_ctx\b|request (?:is )?too large"
)
"""A prompt that is too long, whatever the status says."""

LONG = _any(
    r"max(?:imum)? (?:model|prompt|input|sequence) len|max_model_len|maximum context|token limit",
    r"(?:prompt|inputs?|messages?)\b.{0,60}?(?:too long|too large|longer than|exceed)",
    r"(?:prompt|inputs?|messages?)\b.{0,60}?(?:must be <=|must have less)",
    r"exceed\w*.{0,60}?(?:number of tokens|token count|tokens allowed|input length)",
    r"too many (?:input |prompt )?tokens|range of input length",
    r"reduce (?:the length|your prompt|the number of tokens)|max_tokens must be at least 1, got -",
)
"""The same, unless the status says that the server is overloaded."""

FILTER_CODES = _any(
    r"content_filter\w*|content_policy\w*|contentpolicy\w*|responsibleaipolicyviolation|moderation\w*",
    r"data_inspection_failed|prohibited_content|safety|invalid_prompt|input_flagged",
)
FILTER = _any(
    r"content[ _-]?(?:management |safety )?(?:filter|polic|moderat)|usage polic",
    r"safety (?:system|filter|polic)|prohibited content|inappropriate content|content exists risk",
    r"(?:prompt|input|message|content|request)\b.{0,80}?\b(?:flagged|was blocked)",
    r"sensitive (?:content|information)",
)
CUT = _any(r"could not finish the message because max_tokens")
CREDIT_CODES = _any(
    r"insufficient_(?:quota|credit|balance|fund)\w*|billing\w*|credit\w*|quota_?exceeded|payment_required|exceeded_current_quota\w*"
)
CREDIT = _any(
    r"current quota|insufficient (?:credit|balance|fund|quota)|no credit|billing hard limit|credit balance"
)
PREAMBLE = _any(r"input validation error:?|invalid (?:input|request|message)\w*:")
"""What words may begin with that says nothing of the prompt."""

SAMPLING = frozenset({"seed", "top_p", "temperature", "stop"})
"""Parameters that no refusal of a prompt mentions."""

MISSING = _any(r"(?:unknown|unexpected) endpoint|unknown (?:path|route|url)|no such (?:endpoint|route)")
PASSING = _any(
    r"overload|rate[ _-]?limit|too many requests|temporar|unavailable|try again|timed? ?out|upstream",
    r"bad gateway|no healthy|capacity|loading model|still loading",
)
AGAIN_IN = _any(
    r"(?:again|retry)\w* (?:in|after) (?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?) ?(ms|s|seconds?)\b)?"
)
