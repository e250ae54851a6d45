/** Runs in Chromium: the language server in a worker, a client that answers its file requests, and a conversation. */

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: unknown;
}

const server = new Worker('server.worker.js');
const uri = 'memory:///plans/a.trainplan';
const text = 'model "garments.tflite"\ntarget stm32f746\nupdate {\n  classifer: bias\n}\n';
const answers = new Map<number, (result: unknown) => void>();
const published: { diagnostics: { code: string }[]; version?: number }[] = [];
let wake = (): void => undefined;
let nextId = 1;

const send = (message: object): void => server.postMessage({ jsonrpc: '2.0', ...message });
const notify = (method: string, params: object): void => send({ method, params });
const request = (method: string, params: object): Promise<unknown> =>
  new Promise((resolve) => {
    answers.set(nextId, resolve);
    send({ id: nextId++, method, params });
  });

server.addEventListener('error', ({ message }) => report({ failure: message }));
server.addEventListener('message', async ({ data }: MessageEvent<Message>) => {
  if (data.method === 'firmtune/readFile') {
    const bytes = new Uint8Array(await (await fetch('garments.tflite')).arrayBuffer());
    send({ id: data.id, result: { base64: btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')) } });
  } else if (data.method === 'firmtune/readDirectory') {
    send({ id: data.id, result: [{ uri: 'memory:///plans/garments.tflite', isDirectory: false }] });
  } else if (data.method === 'textDocument/publishDiagnostics') {
    published.push(data.params as never);
    wake();
  } else if (data.id !== undefined && data.method === undefined) {
    answers.get(data.id)?.(data.result);
  } else if (data.id !== undefined) {
    send({ id: data.id, result: null });
  }
});

async function nextPublished(): Promise<string[]> {
  while (published.length === 0) await new Promise<void>((resolve) => (wake = resolve));
  return published.shift()?.diagnostics.map(({ code }) => code) ?? [];
}

function report(result: object): void {
  void fetch('result', { method: 'POST', body: JSON.stringify(result) });
}

async function converse(): Promise<void> {
  await request('initialize', { processId: null, rootUri: null, capabilities: {} });
  notify('initialized', {});
  notify('textDocument/didOpen', { textDocument: { uri, languageId: 'trainplan', version: 1, text } });
  const wrong = await nextPublished();
  const textDocument = { uri };
  notify('textDocument/didChange', {
    textDocument: { uri, version: 2 },
    contentChanges: [{ text: text.replace('classifer', 'classifier') }],
  });
  const right = await nextPublished();
  const lenses = (await request('textDocument/codeLens', { textDocument })) as { command: { title: string } }[];
  const hover = (await request('textDocument/hover', { textDocument, position: { line: 3, character: 4 } })) as {
    contents: { value: string };
  };
  const completion = (await request('textDocument/completion', {
    textDocument,
    position: { line: 0, character: 7 },
  })) as {
    items: { label: string }[];
  };
  report({
    wrong,
    right,
    lenses: lenses.map(({ command }) => command.title),
    hover: hover.contents.value,
    completion: completion.items.map(({ label }) => label),
  });
}

converse().catch((error) => report({ failure: String(error) }));
