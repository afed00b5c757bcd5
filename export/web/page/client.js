/** @file What asks the worker. */

/**
 * @typedef {object} Answer
 * @property {Promise<any>} done
 * @property {() => void} abort
 */

/** The worker as calls. */
export class Client {
  #worker;
  #next = 0;
  /** @type {Map<number, {resolve: Function, reject: Function, on: Function}>} */
  #waiting = new Map();

  /** @param {Worker} worker */
  constructor(worker) {
    this.#worker = worker;
    worker.onmessage = ({data: {id, event, result, error}}) => {
      const asked = this.#waiting.get(id);
      if (event) {
        asked?.on(event);
        return;
      }
      this.#waiting.delete(id);
      if (error) {
        asked?.reject(Object.assign(new Error(error.message), {code: error.code}));
      } else {
        asked?.resolve(result);
      }
    };
    worker.onerror = (event) => {
      // It did not start, or died: nothing will answer.
      event.preventDefault?.();
      const problem = new Error(event.message || 'the worker does not start');
      for (const asked of this.#waiting.values()) {
        asked.reject(problem);
      }
      this.#waiting.clear();
    };
  }

  /**
   * Asks.
   *
   * @param {string} method
   * @param {object} args
   * @param {(event: any) => void} [on] Called with what is told meanwhile.
   * @returns {Answer}
   */
  ask(method, args, on = () => {}) {
    const id = this.#next++;
    const done = new Promise((resolve, reject) => {
      this.#waiting.set(id, {resolve, reject, on});
    });
    this.#worker.postMessage({id, method, args});
    return {done, abort: () => this.#worker.postMessage({abort: id})};
  }
}
