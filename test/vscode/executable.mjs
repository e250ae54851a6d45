#!/usr/bin/env node
/**
 * Stands in for the program of VS Code that @vscode/test-electron starts: takes its arguments, runs the tests in the
 * workbench of the browser, and ends with their exit code.
 */
import process from 'node:process';
import { format } from 'node:util';
import { openBrowser, startServer, workbenchUrl } from './workbench.mjs';

/** For all tests together; each has its own. */
const timeLimitMs = 1_200_000;
const mark = '[test] ';

const argument = (name) => {
  const found = process.argv.find((each) => each.startsWith(`--${name}=`));
  return found?.slice(name.length + 3);
};
const folder = process.argv.slice(2).find((each) => !each.startsWith('-'));

const server = await startServer({ testDriver: true });
const browser = await openBrowser();
let code = 1;
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  code = await new Promise((resolve) => {
    const fail = (why) => {
      console.error(why);
      resolve(1);
    };
    page.on('crash', () => fail('the workbench crashed'));
    setTimeout(() => fail(`no result after ${timeLimitMs / 1000} s`), timeLimitMs).unref();
    // The workbench calls both; console of the tests comes with VS Code's own log, hence the mark.
    void page
      .exposeFunction('codeAutomationLog', (_type, args) => {
        const text = typeof args[0] === 'string' ? format(...args) : '';
        if (process.env.VERBOSE) console.log(text);
        else if (text.startsWith(mark)) console.log(text.replaceAll(mark, ''));
      })
      .then(() => page.exposeFunction('codeAutomationExit', (exitCode) => resolve(exitCode)))
      .then(() =>
        page.goto(
          workbenchUrl(server.port, {
            folder,
            extension: argument('extensionDevelopmentPath'),
            tests: argument('extensionTestsPath'),
          }),
        ),
      )
      .catch(fail);
  });
} finally {
  await browser.close();
  await server.stop();
}
process.exit(code);
