import { lookup } from 'node:dns/promises';
import { codeOf } from '../../http.ts';
import { list } from '../../options/text.ts';
import { bad, type Layer, ok, TIMEOUT_MS, unsure } from '../layer.ts';
import { addressFor } from '../resolve.ts';

/** The name of the region, and the global names, have an address. */
export const dns: Layer = {
  name: 'dns',
  needs: 'origin',
  async test({ origin, resolved, config }) {
    const own = new URL(origin as string).hostname.replace(/^\[|\]$/g, '');
    const given = addressFor(resolved, origin as string);
    const names = [...(given === undefined ? [own] : []), ...config.hosts];
    const answers = await Promise.all(names.map(async (name) => ({ name, answer: await within(addressesOf(name)) })));
    const failed = answers.filter(({ answer }) => typeof answer === 'string');
    const says = answers.map(({ name, answer }) =>
      typeof answer === 'string' ? `${name} has no address (${answer})` : `${name} is ${list(answer)}`,
    );
    if (given !== undefined) says.unshift(`${own} is ${given} (--resolve)`);
    if (failed.some(({ answer }) => answer === 'ETIMEDOUT' || answer === 'EAI_AGAIN')) return unsure(says.join('; '));
    return failed.length > 0 ? bad(says.join('; ')) : ok(says.join('; '));
  },
};

/** The addresses, or why there are none. */
async function addressesOf(name: string): Promise<readonly string[] | string> {
  try {
    return (await lookup(name, { all: true })).map(({ address }) => address);
  } catch (error) {
    return codeOf(error);
  }
}

/** `getaddrinfo` has no time limit of its own. */
async function within(answer: Promise<readonly string[] | string>): Promise<readonly string[] | string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve('ETIMEDOUT'), TIMEOUT_MS);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
