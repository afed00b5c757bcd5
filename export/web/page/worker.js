/** @file The model, off the page's thread: answers what `client.js` asks. */

import {load} from '../sketch_rnn.js';

/** @type {import('../sketch_rnn.js').SketchRNN | null} */
let model = null;

/** @type {Map<number, AbortController>} */
const running = new Map();

/** @type {Record<string, (args: any, more: {signal: AbortSignal,
 *   tell: (event: object) => void}) => Promise<any>>} */
const METHODS = {
  async load({url, wasmPath, backend}, {signal, tell}) {
    const loaded = await load(url, {
      backend, wasmPath, signal, onProgress: (done) => tell({progress: done}),
    });
    model?.dispose();
    model = loaded;
    return {config: model.config, backend: model.backend};
  },
  complete: ({sketches, options}, more) =>
    drawn().complete(sketches, {...options, ...told(more)}),
  generate: ({count, options}, more) =>
    drawn().generate(count, {...options, ...told(more)}),
  reconstruct: ({sketches, options}, more) =>
    drawn().reconstruct(sketches, {...options, ...told(more)}),
  async between({sketches, steps, options}, more) {
    const {mu} = await drawn().encode(sketches, {signal: more.signal});
    return drawn().interpolate(mu, steps, {...options, ...told(more)});
  },
};

function drawn() {
  if (!model) {
    throw new Error('no model is loaded');
  }
  return model;
}

function told(/** @type {{signal: AbortSignal, tell: (event: object) => void}} */ more) {
  return {
    signal: more.signal,
    onPoints: (/** @type {any} */ points) => more.tell({points}),
  };
}

self.onmessage = async ({data: {id, method, args, abort}}) => {
  if (abort !== undefined) {
    running.get(abort)?.abort();
    return;
  }
  const controller = new AbortController();
  running.set(id, controller);
  try {
    const result = await METHODS[method](args, {
      signal: controller.signal,
      tell: (event) => postMessage({id, event}),
    });
    postMessage({id, result});
  } catch (error) {
    const {code = 'failed', message} = /** @type {any} */ (error);
    postMessage({id, error: {code, message: String(message).split('\n')[0]}});
  } finally {
    running.delete(id);
  }
};
