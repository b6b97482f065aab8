import { CommanderError } from 'commander';
import { describeFailure, EXIT, type Failure, printFailure } from './failures.ts';
import { createProgram, findCommand, fullName } from './program.ts';

// What libraries will not do in versions to come is no news for an operator.
process.noDeprecation = true;

const program = createProgram();
const words = process.argv.slice(2);

// `countersign app list | head -1`: whoever reads has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

try {
  await program.parseAsync(words, { from: 'user' });
} catch (error) {
  process.exitCode = fail(error);
}
process.exit();

function fail(error: unknown): number {
  if (error instanceof CommanderError && error.exitCode === 0) return EXIT.done;
  const failure = error instanceof CommanderError ? describeUsage(error) : describeFailure(error);
  printFailure(failure, program.opts().json === true);
  return failure.exitCode;
}

/** A command line that cannot be understood. */
function describeUsage({ code, message }: CommanderError): Failure {
  const name = fullName(findCommand(program, words));
  // Then the help was printed already.
  const isIncomplete = code === 'commander.help';
  const problem = isIncomplete ? `'${name}' needs a command` : message.replace(/^error: /, '');
  return { exitCode: EXIT.usage, code: 'usage', message: `${problem}\nSee: ${name} --help` };
}
