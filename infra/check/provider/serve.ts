import { startStub } from './stub.ts';

// By hand: `eval "$(node --import tsx check/provider/serve.ts)"` in one shell, terraform in the same one.
const { environment } = await startStub();
for (const [name, value] of Object.entries(environment)) process.stdout.write(`export ${name}='${value}'\n`);
