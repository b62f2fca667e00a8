import Code from './contact/Code.svelte';
import Contact from './contact/Contact.svelte';
import Without from './contact/Without.svelte';
import Birth from './identity/Birth.svelte';
import Names from './identity/Names.svelte';
import Number from './identity/Number.svelte';
import Recap from './identity/Recap.svelte';
import Type from './identity/Type.svelte';

export default {
  without: Without,
  email: Contact,
  emailCode: Code,
  phone: Contact,
  phoneCode: Code,
  type: Type,
  names: Names,
  birth: Birth,
  number: Number,
  recap: Recap,
};
