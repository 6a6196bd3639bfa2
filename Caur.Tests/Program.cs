// The test runner's own entry point blocks on a task, which this solution bans; this one awaits it.
return await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
