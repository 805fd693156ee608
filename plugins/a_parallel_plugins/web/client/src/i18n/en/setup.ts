export const setup = {
  password: "Password",
  rememberMe: "Stay signed in",
  signIn: "Sign in",
  signInHelp: "Sign in to your a-parallel server.",
  title: "Welcome to a-parallel",
  username: "Username",
};
