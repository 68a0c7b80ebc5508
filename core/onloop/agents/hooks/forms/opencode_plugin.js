// Written by `onloop hook install opencode`; `onloop hook uninstall opencode` removes it. Inside of a task of onloop it
// asks the gateway before a tool is used, and at the end of a turn. Outside of one it does nothing.
import { spawn } from "node:child_process"

const PROGRAM = "@PROGRAM@"
const LONGEST = 1024 * 1024
const WATCHED = new Set(["bash", "edit", "write", "multiedit", "patch", "apply_patch"])

function ask(payload, folder, seconds) {
  return new Promise((resolve, reject) => {
    const asked = spawn(PROGRAM, ["hook", "opencode"], { cwd: folder, stdio: ["pipe", "pipe", "ignore"] })
    const late = setTimeout(() => asked.kill("SIGKILL"), seconds * 1000)
    let said = ""
    asked.stdout.on("data", (part) => {
      if (said.length < LONGEST) said += part
    })
    asked.on("error", reject)
    asked.stdin.on("error", () => {})
    asked.on("close", (code) => {
      clearTimeout(late)
      try {
        if (code !== 0) throw new Error(`onloop ended with ${code}`)
        resolve(JSON.parse(said))
      } catch (problem) {
        reject(problem)
      }
    })
    asked.stdin.end(JSON.stringify(payload))
  })
}

export const Onloop = async ({ client, directory }) => {
  const inside = () => Boolean(process.env.ONLOOP_TOKEN)
  return {
    "tool.execute.before": async (input, output) => {
      if (!inside() || !WATCHED.has(input.tool)) return
      const payload = { hook_event_name: "PreToolUse", tool_name: input.tool, tool_input: output.args, cwd: directory }
      let answer
      try {
        answer = await ask(payload, directory, 15)
      } catch (problem) {
        throw new Error(`onloop: the hook did not answer (${problem.message}), so this tool is refused`)
      }
      const decided = answer.hookSpecificOutput ?? {}
      if (decided.permissionDecision === "deny") throw new Error(decided.permissionDecisionReason)
    },
    event: async ({ event }) => {
      if (!inside() || event.type !== "session.idle") return
      try {
        const answer = await ask({ hook_event_name: "Stop", session_id: event.properties.sessionID }, directory, 600)
        if (answer.decision !== "block") return
        const parts = [{ type: "text", text: answer.reason }]
        await client.session.prompt({ path: { id: event.properties.sessionID }, body: { parts } })
      } catch {
        // the gateway has the last word, whatever becomes of a turn
      }
    },
  }
}
