import { readAppView } from '../../failover/survey/app-view.ts';
import { ask, codeOf, type HttpAnswer } from '../../http.ts';
import { bad, type Layer, type LayerResult, ok, type SmokeContext, TIMEOUT_MS, unsure } from '../layer.ts';
import { addressFor, lookupOf } from '../resolve.ts';

/** The health of the app answers 200, from this region, in the version that was asked for. */
export const app: Layer = {
  name: 'app',
  needs: 'origin',
  async test(context) {
    const { config, origin, expectVersion, region } = context;
    let answer: HttpAnswer;
    try {
      answer = await askApp(context, `${origin}${config.front.path}`, {
        headers: config.healthToken === undefined ? {} : { authorization: `Bearer ${config.healthToken}` },
      });
    } catch (error) {
      return bad(`no answer (${codeOf(error)})`);
    }
    if (answer.status !== 200) return bad(`answered ${answer.status}`);
    return identity(answer, region, expectVersion);
  },
};

/** One request to the app of the region, by the address that --resolve gives. */
export function askApp(
  { origin, resolved, ca, signal }: Pick<SmokeContext, 'origin' | 'resolved' | 'ca' | 'signal'>,
  url: string,
  request: {
    readonly method?: 'GET' | 'POST';
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
  },
): Promise<HttpAnswer> {
  const address = addressFor(resolved, origin as string);
  const lookup = address === undefined ? undefined : lookupOf(address);
  return ask(url, { ...request, lookup, ca, timeoutMs: TIMEOUT_MS, signal });
}

function identity({ body, tookMs }: HttpAnswer, region: string, expectVersion: string | undefined): LayerResult {
  const took = `answered 200 in ${Math.round(tookMs)} ms`;
  const view = readAppView(body);
  if (view === undefined) {
    return expectVersion === undefined
      ? ok(`${took}, without the detail (healthToken)`)
      : unsure(`${took}, without the detail: its version is not known (healthToken)`);
  }
  if (view.region !== region) return bad(`${took}, but calls itself ${view.region}`);
  if (expectVersion !== undefined && view.version !== expectVersion) {
    return view.version === undefined
      ? unsure(`${took}, and names no version`)
      : bad(`${took}, but its version is ${view.version}, not ${expectVersion}`);
  }
  return ok(`${took}, version ${view.version ?? 'not named'}, writes ${view.writes}`);
}
