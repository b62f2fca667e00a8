import { mount } from 'svelte';
import '@idproof/shared/style.css';
import './app.css';
import App from './App.svelte';
import { showTheme } from './lib/theme.svelte.ts';

showTheme();
const target = document.getElementById('app');
if (target) mount(App, { target });
