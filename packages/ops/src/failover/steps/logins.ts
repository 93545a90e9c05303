import { giveLogins } from '../../fence/give-logins.ts';
import { revokedBy } from './fence.ts';
import { done, type FailoverStep, notYet } from './step.ts';

/** Roles are replicated. Logins that were revoked while the target still streamed are revoked there, too. */
export const logins: FailoverStep = {
  name: 'logins',
  changes: true,
  withinMs: 10_000,
  says: ({ target }) => `give the app its logins on ${target}, if the fence was replicated there`,
  prove: async (context) => {
    const revoked = rolesOf(context);
    if (revoked.length === 0) return done('the fence has revoked none', { changed: false });
    const answer = await context.state(context.plan.target);
    if (!answer.ok) return notYet(`${context.plan.target} does not answer (${answer.why})`);
    const closed = answer.value.apps.filter(({ name, canLogin }) => !canLogin && revoked.includes(name));
    if (closed.length > 0) return notYet(`${closed.map(({ name }) => name).join(', ')} may not log in`);
    return done(`${revoked.join(', ')} may log in`);
  },
  act: async (context) => {
    await giveLogins(context, context.plan.target, rolesOf(context));
    return { says: 'logins were given' };
  },
};

const rolesOf = (context: Parameters<typeof revokedBy>[0]): readonly string[] => [
  ...new Set([...revokedBy(context).values()].flat()),
];
