import { randomUUID } from 'node:crypto';
import { tokenOf } from '../../app-token.ts';
import { codeOf } from '../../http.ts';
import { bad, type LayerResult, ok, type SmokeContext, unsure } from '../layer.ts';
import { askApp } from './app.ts';

/**
 * Writes by the app of this region, and reads with the token that the write has returned: by the app of another region,
 * and by that of this one. Where the write is forwarded, only the read runs the version that is under test.
 */
export async function throughApp(context: SmokeContext): Promise<LayerResult> {
  const { config, region, origin, path } = context;
  if (origin === undefined) return unsure(`${region} has no origin: nothing was written through its app`);
  const other = config.regions.find((one) => one.name !== region && one.origin !== undefined);
  if (other?.origin === undefined) return unsure('no other region has an origin: nothing was read through an app');
  const id = `smoke-${randomUUID()}`;
  try {
    const body = JSON.stringify({ id });
    const headers = { 'content-type': 'application/json' };
    const written = await askApp(context, `${origin}${path}`, { method: 'POST', headers, body });
    if (written.status < 200 || written.status > 299)
      return bad(`the app of ${region} answered ${written.status} to the write`);
    const token = tokenOf(written);
    if (token === undefined) return bad(`the app of ${region} has returned no token for its write`);
    const query = `${(path as string).includes('?') ? '&' : '?'}id=${id}`;
    const reads: string[] = [];
    for (const reader of [other, { name: region, origin }]) {
      const read = await askApp({ ...context, origin: reader.origin }, `${reader.origin}${path}${query}`, {
        headers: token,
      });
      if (read.status !== 200) return bad(`the app of ${reader.name} answered ${read.status} to the read`);
      if (!read.body.includes(id)) return bad(`the app of ${reader.name} has missed the write, in spite of its token`);
      reads.push(`${reader.name} in ${Math.round(read.tookMs)} ms`);
    }
    return ok(
      `through the apps: written by ${region} in ${Math.round(written.tookMs)} ms, read by ${reads.join(' and ')}`,
    );
  } catch (error) {
    return bad(`an app did not answer (${codeOf(error)})`);
  }
}
