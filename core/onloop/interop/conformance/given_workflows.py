"""The workflows that the suite commits into its repository: small, and with gates that need no program."""

from __future__ import annotations

from collections.abc import Mapping

_HELLO = "gates: [{id: hello, file: {path: hello.txt, contains: hello}}]"

WORKFLOWS: Mapping[str, str] = {
    "one": f"""\
workflow: one
description: One step, and its gate.
steps:
  - id: develop.write
    role: implementer
    brief: Write hello.txt that says hello.
    attempts: {{max: 3, backoff: 1s}}
    rounds: 3
    {_HELLO}
""",
    "strict": f"""\
workflow: strict
description: One round and one attempt.
steps:
  - id: develop.write
    role: careful
    brief: Write hello.txt that says hello.
    attempts: {{max: 1}}
    rounds: 1
    {_HELLO}
""",
    "release": f"""\
workflow: release
description: A person releases it.
steps:
  - id: develop.write
    role: implementer
    brief: Write hello.txt that says hello.
    {_HELLO}
  - id: ship.approve
    gates: [{{id: release, human: {{from: [approvers]}}}}]
    on_reject: develop.write
""",
    "pair": f"""\
workflow: pair
description: Two people release it.
steps:
  - id: develop.write
    role: implementer
    brief: Write hello.txt that says hello.
    {_HELLO}
  - id: ship.approve
    gates: [{{id: release, human: {{from: [approvers], quorum: 2}}}}]
    on_reject: develop.write
""",
    "reviewed": f"""\
workflow: reviewed
description: Another agent judges it.
steps:
  - id: develop.write
    role: implementer
    brief: Write hello.txt that says hello.
    {_HELLO}
  - id: review.code
    role: reviewer
    not_by: [develop.write]
    brief: Say pass or fail.
    gates: [{{id: verdict, review: {{quorum: 1}}}}]
    on_fail: develop.write
  - id: ship.approve
    gates: [{{id: release, human: {{from: [approvers]}}}}]
    on_reject: develop.write
""",
    "swarm": f"""\
workflow: swarm
description: An agent divides its work.
steps:
  - id: develop.divide
    role: planner
    brief: Make a child for each part.
    fan_out:
      spawn: true
      most: 3
      steps:
        - id: develop.part
          role: builder
          brief: Write hello.txt that says hello.
          {_HELLO}
    gates: [{{id: readme, file: {{path: README.md}}}}]
""",
}
"""Each by its name; its file is `.onloop/NAME.yaml`."""
