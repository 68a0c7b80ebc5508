"""The shape of a workflow file. `semantic_checks` checks whether the parts fit together."""

from onloop.workflow.model.environment_parts import CachePart as CachePart
from onloop.workflow.model.environment_parts import EnvironmentPart as EnvironmentPart
from onloop.workflow.model.environment_parts import ServicePart as ServicePart
from onloop.workflow.model.field_values import AGENT as AGENT
from onloop.workflow.model.field_values import GATE_ID as GATE_ID
from onloop.workflow.model.field_values import OWN as OWN
from onloop.workflow.model.field_values import PERSON as PERSON
from onloop.workflow.model.field_values import REJECT_TARGET as REJECT_TARGET
from onloop.workflow.model.field_values import ROLE as ROLE
from onloop.workflow.model.field_values import STEP_ID as STEP_ID
from onloop.workflow.model.field_values import WORKFLOW_NAME as WORKFLOW_NAME
from onloop.workflow.model.field_values import Freshness as Freshness
from onloop.workflow.model.field_values import Timeout as Timeout
from onloop.workflow.model.field_values import WorkflowPart as WorkflowPart
from onloop.workflow.model.field_values import complaint as complaint
from onloop.workflow.model.gate_parts import GATE_KINDS as GATE_KINDS
from onloop.workflow.model.gate_parts import GatePart as GatePart
from onloop.workflow.model.gate_parts import HumanPart as HumanPart
from onloop.workflow.model.step_parts import AttemptsPart as AttemptsPart
from onloop.workflow.model.step_parts import FanOutPart as FanOutPart
from onloop.workflow.model.step_parts import JoinPart as JoinPart
from onloop.workflow.model.step_parts import ResolvePart as ResolvePart
from onloop.workflow.model.step_parts import StepPart as StepPart
from onloop.workflow.model.step_parts import WorkflowFile as WorkflowFile
