import type { Fleet, FleetEvent } from '../src/model/fleet.ts';
import { EMPTY, type Input, type Model, reduce } from '../src/model/model.ts';
import { byId } from './dom.ts';
import { listen } from './listen.ts';
import { render } from './render.ts';

let model: Model = EMPTY;
let stop = (): void => {};

function take(input: Input): void {
  model = reduce(model, input);
  // The state follows on its events at once: it is drawn with them.
  if (input.type !== 'event') render(model);
}

function signOut(why?: string): void {
  stop();
  stop = () => {};
  take({ type: 'sign-out', ...(why !== undefined && { why }) });
  byId('token').focus();
}

byId('sign-in').addEventListener('submit', (event) => {
  event.preventDefault();
  const field = byId<HTMLInputElement>('token');
  const token = field.value.trim();
  field.value = '';
  stop();
  if (!/^[\x21-\x7e]{1,512}$/.test(token))
    return signOut('A token has 32 or more letters, digits and signs, without spaces.');
  take({ type: 'sign-in' });
  let isFirst = true;
  stop = listen(token, {
    onMessage: (name, data, id) => {
      if (name === 'event') {
        take({ type: 'event', event: data as FleetEvent, run: id.slice(0, id.lastIndexOf('.')) });
      } else if (name === 'status') {
        take({ type: 'fleet', fleet: data as Fleet, atMs: Date.now() });
        if (isFirst) byId('sentence').focus();
        isFirst = false;
      }
    },
    onLost: () => take({ type: 'lost', atMs: Date.now() }),
    onRefused: signOut,
  });
});
byId('sign-out').addEventListener('click', () => signOut());

render(model);
byId('token').focus();
