"""Real projects at one commit each, and what is true of them: judged by hand from their files, before any check ran.

Where a check disagreed, the files were looked at once more: what was overlooked at first says so.
"""

from __future__ import annotations

from onloop.records import Record


class RealProject(Record):
    """A public project, the commit that was looked at, the artefacts that are there, and a word on what is doubtful."""

    name: str
    commit: str
    there: str
    doubtful: str = ""


LETTERS = {
    "A": "agents-md",
    "S": "skills",
    "D": "decision-records",
    "R": "runbooks",
    "C": "contracts",
    "U": "set-up",
    "O": "ownership",
    "L": "linters",
    "T": "types",
    "H": "hooks",
    "B": "branch-protection",
    "N": "scanners",
    "X": "tests",
    "V": "coverage-threshold",
    "F": "fixtures",
    "P": "previews",
    "G": "flags",
    "M": "migrations",
    "K": "reproducible-builds",
}
"""An artefact is written as a letter."""

PROJECTS = (
    RealProject("pallets/flask", "2ac89889f4cc330eabd50f295dcef02828522c69", "ULTHNXFK"),
    RealProject("psf/requests", "1f6589ec3a1ee910f9a65cc3ceac60b26677bc0e", "UOLTHNXF"),
    RealProject("github/gitignore", "dcc0fc7bc2b5ba480cf117ad1be31bafceeaff46", "O"),
    RealProject("cloudfoundry/bosh-deployment", "c3b2109fe48267c599704eaa9aa62a0735a95707", "X"),
    RealProject("anthropics/skills", "9d2f1ae187231d8199c64b5b762e1bdf2244733d", "S", "its XSDs are others' standards"),
    RealProject(
        "adr/madr", "11807d877dbc5eb952591d54bc3124ddbc4c924c", "DULN", "the lock file is of its documentation alone"
    ),
    RealProject("prometheus-operator/runbooks", "a685d14cf5128bb30e2bf935c3983decd772d885", "R"),
    RealProject("strongdm/attractor", "fb57a55ed97372a27ac90102f436947e29f48426", ""),
    RealProject("openai/symphony", "1f3219bb1ea5f69a1305dc594e79b0db57c113c5", "ASULTXVFK"),
    RealProject(
        "obra/superpowers",
        "44c9b2d6e889982ac18c27d05a19fefe335194e1",
        "ASLTHX",
        "its pre-commit checks types of evals, which are no longer here",
    ),
    RealProject("sindresorhus/is", "48df5c429ced9b65fc788aa17ab8b9004d46a772", "ALTX"),
    RealProject("expressjs/express", "a3714473feb3d2908add734d340e7755fd85e0a3", "LNXF"),
    RealProject(
        "repository-settings/app", "cb0720abf2b38e65406ea05205309f47c3e359e4", "ULNXFK", "prettier-standard lints"
    ),
    RealProject("64bit/async-openai", "ca746070fdcd27de56b41966d31f1aa6c8600ce4", "ACLTX"),
    RealProject("jqlang/jq", "579e6f76cffd7643ba4002a2c3618a5ea710589a", "TNXF", "tests/modules are given to tests"),
    RealProject("BurntSushi/ripgrep", "3fce3b5bb0236da2df6d99672afb8a719642eca7", "TXFK"),
    RealProject("junegunn/fzf", "956562daaa82ddf55ea8f7aeab56883377b742c6", "UOLTNXK"),
    RealProject(
        "cli/cli",
        "44ee17760709bedf1cad7e452e61751489b81a33",
        "CUOLTNXFMK",
        "its configuration is migrated, step by step, if without numbers",
    ),
    RealProject(
        "probot/probot", "4ea8ea48f11a43bc8f7ceba978a0a502cbb3587e", "OTNXVFPK", "CodeSandbox builds each pull request"
    ),
    RealProject("elk-zone/elk", "ae4ebf3375eb68f1f355390b4f163adb10f5026c", "AULTHNXFPK", "StackBlitz starts it"),
    RealProject("alphagov/govuk-frontend", "4a1ae890d1b761ada8e47d9bcaf6ebc9856bd779", "OLTHNXFPK"),
    RealProject(
        "AI21Labs/ai21-python",
        "c13355b3a94aeb6b8da642830f07a07df6714bb1",
        "AUOLTHBNXFK",
        "mypy is installed, and nothing shows how it is run",
    ),
    RealProject(
        "apache/airflow-client-python",
        "6c76b5d2c5b0b7038537127f32c09075cd0ac177",
        "CBXK",
        "its contract is spec/v2.yaml",
    ),
    RealProject("Adyen/adyen-commercetools", "66a78f091b235152e9276eb5114d984c552206e6", "DLNXVFK"),
    RealProject(
        "AdoptOpenJDK/openjdk-api-v3",
        "05ec63ad41d651f1108062816ed618b334193a90",
        "DLTNXF",
        "codecov demands what it always does",
    ),
    RealProject("open-feature/flagd", "bbb05d4bc3903ea8bf5123a88b1cf558750a22ab", "DUOLTHNXFPGK"),
    RealProject("fastapi/full-stack-fastapi-template", "68adb40d37425f6f8668ec7e5a054500d045e43e", "SULTHNXVFMK"),
    RealProject(
        "Unleash/unleash",
        "ceeb5a9ca6d0beb0cabf041d6a27ffd2d6501859",
        "ADOLTHNXFPGMK",
        "its OpenAPI is made by the code; ADRs and vercel.json were seen at the second look",
    ),
    RealProject("alphagov/notifications-api", "8ea236603c43fe96df83459e9b37e0a7c45769a2", "ULTHNXFMK"),
    RealProject("documenso/documenso", "75330166cc00b29c14399bc2e391e4b4d8080c00", "ASULTHNXFGMK"),
    RealProject(
        "ministryofjustice/laa-apply-for-legal-aid",
        "56351efaf852db3b88b670e4fcb041c2c8109c82",
        "UOLHNXVFPGMK",
        "a release for each branch is a preview",
    ),
    RealProject("openai/openai-agents-python", "7f7a44f8dc0650296bd5ab6c745c9bcbaa6ac3b7", "ASULTNXVFK"),
    RealProject("Agent-Field/agentfield", "6c5c257a93090dbcd878f0d7a92afdabe7b307b4", "ACULTHXFMK"),
    RealProject("Altinn/altinn-authentication", "ad4f6f3671c0ba40bf923003688f5949c6a89aa2", "ADLTNXVFGM"),
    RealProject(
        "AlaskaAirlines/auro",
        "5da058c6fcea1672bd5b2184240c800b0bf1607e",
        "HK",
        "its .github/settings.yml is about labels alone; husky was seen at the second look",
    ),
    RealProject("ChelseaKR/cairn", "a39e2927be097acbaa55f875d43d6047c9aebace", "DUOLTHBNXVK"),
    RealProject("ChelseaKR/family-greenhouse", "d3c454bfbd6c83d5f938be1fe14fe070d6167e15", "DRCUOLTHBNXVFK"),
    RealProject("ADORSYS-GIS/lightbridge-authz", "23c3c20ef089a57eb15ad3b234ec89f364aa645f", "ADRUOLTHNXMK"),
    RealProject("9owlsboston/TagPulse", "2e4b65afcc3eec0c8ae2f98503990e4473439c74", "ADRCLTHXFM"),
    RealProject(
        "4eyedengineer/mcp-everything",
        "6fbcb08621bd6c4d6b29c37ac6cd67a687789a97",
        "ASRULTXFM",
        "scripts/kind makes a cluster for development",
    ),
    RealProject("AI-Isaiah/Quantalyze", "afc907790fdc4f1c4e8963942800044999020f67", "ADRLTNXVFPMK"),
    RealProject("formbricks/formbricks", "b66c1dd978af618a0e402bd3343b456bed68594c", "ASRCUOLTHNXVFPGMK"),
    RealProject(
        "AlbanAndrieu/fastapi-sample",
        "2a0d89a18e252bdc44c5f9229d0d3f8dcbad55a9",
        "ASUOLTHBNXFPGMK",
        "a Makefile echoes a threshold; CODEOWNERS and conftest.py were seen at the second look",
    ),
)
