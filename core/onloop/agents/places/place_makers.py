"""Which kinds of environment this machine makes, and what makes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from onloop.environments.boxed_place import BoxedPlaceMaker
from onloop.environments.containers.container_maker import ContainerMaker
from onloop.environments.containers.devcontainer import DevcontainerMaker
from onloop.environments.port import EnvironmentMaker
from onloop.environments.shared_place import SharedPlaceMaker
from onloop.environments.templates.platform_place import PlatformPlaceMaker
from onloop.environments.vm.machine_maker import VirtualMachineMaker
from onloop.errors import BadInput
from onloop.home import Home
from onloop.machine.agent_environment import EnvironmentKind

_MAKERS: Mapping[EnvironmentKind, Callable[[Home], EnvironmentMaker]] = {
    EnvironmentKind.NONE: lambda _: SharedPlaceMaker(EnvironmentKind.NONE),
    EnvironmentKind.CLONE: lambda _: SharedPlaceMaker(EnvironmentKind.CLONE),
    EnvironmentKind.BOX: lambda _: BoxedPlaceMaker(),
    EnvironmentKind.VM: lambda home: VirtualMachineMaker(home.machines, home.brought),
    EnvironmentKind.CONTAINER: lambda home: ContainerMaker(home.brought),
    EnvironmentKind.DEVCONTAINER: lambda home: DevcontainerMaker(home.brought),
    EnvironmentKind.TEMPLATE: lambda home: PlatformPlaceMaker(home.environment_templates, home.rooms),
}


def maker_of(kind: EnvironmentKind, home: Home) -> EnvironmentMaker:
    """What makes that kind on this machine; BadInput where nothing does."""
    made = _MAKERS.get(kind)
    if made is None:
        known = ", ".join(each.value for each in _MAKERS)
        raise BadInput(f"nothing here makes a {kind.value}", hint=f"give one of: {known}")
    return made(home)


def every_maker(home: Home) -> tuple[EnvironmentMaker, ...]:
    """One of each kind."""
    return tuple(made(home) for made in _MAKERS.values())
