import '../base.css';
import './model.css';
import './header.css';
import './graph.css';
import './details.css';
import { connectHost } from '../host.ts';
import { registerUi } from '../ui.ts';
import { ModelApp } from './app.ts';
import { type FromModelPage, toModelPage } from './messages.ts';

registerUi();
const root = document.getElementById('root');
if (root === null) throw new Error('the page has no #root');
const host = connectHost<Parameters<ModelApp['receive']>[0], FromModelPage>(toModelPage, (message) =>
  app.receive(message),
);
const app = new ModelApp(root, host);
