// The request of an answer as a command for curl and as a Python program, both for pasting into a terminal or an editor.

const INVISIBLE = /[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

/** `key`: whether the service requires an API key; the command reads it from TOPICS_API_KEY and never contains it. */
export function toCurl(url, body, key) {
  const authorization = key ? ' -H "Authorization: Bearer $TOPICS_API_KEY"' : "";
  return `curl -sS ${inShell(url)} -H 'Content-Type: application/json'${authorization} -d ${inShell(toJson(body))}\n`;
}

export function toPython(url, body, key) {
  const fields = Object.entries(body).map(([name, value]) => `"${name}": ${inPython(value)}`);
  const headers = ['"Content-Type": "application/json"'];
  if (key) headers.push('"Authorization": f"Bearer {os.environ[\'TOPICS_API_KEY\']}"');
  return `import json
${key ? "import os\n" : ""}import urllib.request

body = {${fields.join(", ")}}
headers = {${headers.join(", ")}}
request = urllib.request.Request(${inPython(url)}, json.dumps(body).encode(), headers)
with urllib.request.urlopen(request) as response:
    answer = json.load(response)
print(json.dumps(answer, indent=2))
`;
}

/** JSON without invisible characters, which could make a line look like another one. */
function toJson(value) {
  return JSON.stringify(value).replace(INVISIBLE, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

const inShell = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** A text, number or boolean as a Python literal; a JSON text is one already. */
function inPython(value) {
  return typeof value === "boolean" ? (value ? "True" : "False") : toJson(value);
}
