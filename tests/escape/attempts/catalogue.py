"""All attempts that are module code."""

from tests.escape.attempts import exhaustion, files, kernel, network, processes, results, survival

TOPICS = {
    "Using up the machine": exhaustion.ATTEMPTS,
    "The operator's files": files.ATTEMPTS,
    "The network": network.ATTEMPTS,
    "Other processes": processes.ATTEMPTS,
    "The kernel": kernel.ATTEMPTS,
    "Forged results": results.ATTEMPTS,
    "The next job": survival.ATTEMPTS,
}

ATTEMPTS = tuple(attempt for attempts in TOPICS.values() for attempt in attempts)
