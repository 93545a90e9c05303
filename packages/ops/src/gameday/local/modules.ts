import { OpsError } from '../../errors.ts';
import { isMissingModule } from '../../is-missing-module.ts';

/** What a drill on this machine is made of. These packages are optional peers: the other commands need none of them. */
export async function loadModules(): Promise<Modules> {
  try {
    const [affinity, router, gate, health, operator, lab] = await Promise.all([
      import('@regionkit/affinity'),
      import('@regionkit/db-router'),
      import('@regionkit/db-router/http'),
      import('@regionkit/health'),
      import('@regionkit/health/operator'),
      import('@regionkit/lab'),
    ]);
    return { ...affinity, ...router, ...gate, ...health, ...operator, ...lab };
  } catch (error) {
    if (!isMissingModule(error)) throw error;
    throw new OpsError(
      'ERR_OPS_USAGE',
      '--local needs more packages: npm install --save-dev @regionkit/lab @regionkit/db-router @regionkit/health @regionkit/affinity',
    );
  }
}

export type Modules = Pick<typeof import('@regionkit/affinity'), 'createAffinity'> &
  Pick<typeof import('@regionkit/db-router'), 'createRegionRouter'> &
  Pick<typeof import('@regionkit/db-router/http'), 'createWriteGate'> &
  Pick<typeof import('@regionkit/health'), 'createHealth'> &
  Pick<typeof import('@regionkit/health/operator'), 'createOperatorDoor'> &
  Pick<typeof import('@regionkit/lab'), 'createLab' | 'createLatencyDns' | 'reservePorts'>;
