// OpenAI's own library for Node against an address: BASE_URL, API_KEY, MODEL, EMBEDDER and MOODY
// come by the environment. Prints one JSON object, from the name of a check to "ok" or to what is
// wrong. `test_sdk_node.py` starts it.
import assert from "node:assert/strict";
import OpenAI from "openai";

const { BASE_URL: baseURL, API_KEY: apiKey, MODEL: model, EMBEDDER, MOODY } = process.env;
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const user = { role: "user", content: "Hello" };
const weather = {
  type: "function",
  function: {
    name: "get_weather",
    parameters: { type: "object", properties: { city: { type: "string" } } },
  },
};

/** Return the words of a streamed chat, and its last tokens told. */
async function read(stream) {
  let [text, usage] = ["", null];
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta?.content ?? "";
    usage = chunk.usage ?? usage;
  }
  return [text, usage];
}

const checks = {
  async models() {
    const names = [];
    for await (const each of client.models.list()) names.push(each.id);
    assert(names.includes(model));
    assert.equal((await client.models.retrieve(model)).id, model);
    await assert.rejects(client.models.retrieve("nobody-has-this"), OpenAI.NotFoundError);
  },
  async chat() {
    const answer = await client.chat.completions.create({
      model, messages: [user], n: 2, stop: ["END"], logprobs: true, max_tokens: 3,
    });
    assert.equal(answer.choices.length, 2);
    assert.equal(answer.choices[0].message.content, "Hello from the");
    assert.equal(answer.usage.completion_tokens, 3);
  },
  async stream() {
    const asked = { model, messages: [user], max_tokens: 5, stream: true };
    const plain = await read(await client.chat.completions.create(asked));
    assert.deepEqual(plain, ["Hello from the möck up", null]);
    const options = { stream_options: { include_usage: true } };
    const told = await read(await client.chat.completions.create({ ...asked, ...options }));
    assert.equal(told[1].completion_tokens, 5);
  },
  async tools() {
    const asked = { model, messages: [user], tools: [weather] };
    for (const is_stream of [false, true]) {
      const whole = is_stream
        ? await client.chat.completions.stream(asked).finalChatCompletion()
        : await client.chat.completions.create(asked);
      const { message, finish_reason } = whole.choices[0];
      assert.equal(finish_reason, "tool_calls");
      const [call] = message.tool_calls;
      assert.deepEqual(JSON.parse(call.function.arguments), { city: "Zürich" });
      const result = { role: "tool", tool_call_id: call.id, content: "12 degrees" };
      const said = { role: "assistant", content: null, tool_calls: message.tool_calls };
      const last = await client.chat.completions.create({
        ...asked, messages: [user, said, result],
      });
      assert.match(last.choices[0].message.content, /^Hello/);
    }
  },
  async image() {
    const picture = { type: "image_url", image_url: { url: "data:image/png;base64,iVBORw0KGgo=" } };
    const content = [{ type: "text", text: "What is it?" }, picture];
    await client.chat.completions.create({ model, messages: [{ role: "user", content }] });
  },
  async embeddings() {
    const asked = { model: EMBEDDER, input: ["one", "two"] };
    const packed = await client.embeddings.create(asked); // as base64, decoded by the library
    const plain = await client.embeddings.create({ ...asked, encoding_format: "float" });
    assert.deepEqual(plain.data[1].embedding, [0.25, -0.5, 1, 1]);
    assert.deepEqual(packed.data.map((d) => [...d.embedding]), plain.data.map((d) => d.embedding));
  },
  async responses() {
    const first = await client.responses.create({ model, input: "Hello" });
    assert.match(first.output_text, /^Hello from/);
    assert.equal((await client.responses.retrieve(first.id)).output_text, first.output_text);
    const stream = client.responses.stream({ model, input: "And?", previous_response_id: first.id });
    const kinds = [];
    for await (const event of stream) kinds.push(event.type);
    assert.equal(kinds[0], "response.created");
    assert.equal(kinds.at(-1), "response.completed");
    await client.responses.delete(first.id);
    await assert.rejects(client.responses.retrieve(first.id), OpenAI.NotFoundError);
  },
  async errors() {
    const ask = (more) => client.chat.completions.create({ model, messages: [user], ...more });
    await assert.rejects(ask({ model: "says-400" }), OpenAI.BadRequestError);
    await assert.rejects(ask({ temperature: "hot" }), OpenAI.BadRequestError);
    await assert.rejects(ask({ model: "nobody-has-this" }), OpenAI.NotFoundError);
    await assert.rejects(ask({ model: "says-429" }), OpenAI.RateLimitError);
    await assert.rejects(ask({ model: "says-500" }), OpenAI.InternalServerError);
    await assert.rejects(ask({ model: "closes", stream: true }), OpenAI.InternalServerError);
    await assert.rejects(
      ask({ messages: [{ role: "user", content: "x".repeat(2 ** 20 + 1) }] }),
      (error) => error.status === 413,
    );
    const stranger = new OpenAI({ baseURL, apiKey: "sk-nobody", maxRetries: 0 });
    await assert.rejects(stranger.models.list(), OpenAI.AuthenticationError);
    const broken = await ask({ model: "breaks", stream: true });
    await assert.rejects(read(broken), OpenAI.APIError);
  },
  async retryAfter() {
    const began = performance.now();
    const patient = new OpenAI({ baseURL, apiKey, maxRetries: 2 });
    const answer = await patient.chat.completions.create({ model: MOODY, messages: [user] });
    assert(answer.choices[0].message.content);
    assert(performance.now() - began >= 900, "it came back before the second was over");
  },
  async disconnect() {
    const asked = { model: MOODY, messages: [user], stream: true }; // says no more after two pieces
    const stream = await client.chat.completions.create(asked);
    for await (const chunk of stream) {
      assert.equal(chunk.object, "chat.completion.chunk");
      break; // which aborts the request
    }
    assert(stream.controller.signal.aborted);
  },
  async sixtyFourAtOnce() {
    const one = async (number) => {
      const asked = { model, messages: [user], user: `${number}` };
      if (number % 2) return (await client.chat.completions.create(asked)).choices[0].message.content;
      return (await read(await client.chat.completions.create({ ...asked, stream: true })))[0];
    };
    const answers = await Promise.all(Array.from({ length: 64 }, (_, number) => one(number)));
    assert.equal(new Set(answers).size, 1);
  },
};

const found = {};
for (const [name, check] of Object.entries(checks)) {
  found[name] = await check().then(() => "ok", (error) => `${error?.stack ?? error}`);
}
console.log(JSON.stringify(found));
