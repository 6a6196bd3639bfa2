using Caur.Benchmarks.Running;
using Caur.Silo.Cli;

using var interrupts = new Interrupts();
return await BenchCommand.MainAsync(args is ["bench", .. var rest] ? rest : args, Console.Out, Console.Error, interrupts.Token);
