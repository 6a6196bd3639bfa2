// The test runner's own entry point blocks on a task, which this solution bans; this one awaits it.
switch (args)
{
    // Some tests kill a process of their own: these tests again, started with the name of what it shall do.
    case ["child", var name, .. var arguments]:
        return await Caur.Tests.Support.TestChild.RunAsync(name, arguments);
    case ["soak", .. var arguments]:
        return await Caur.Tests.Soak.SoakRun.MainAsync(arguments);
    default:
        // Hundreds of processes that live for seconds: what they would compile anew in the background is hardly run any more. This one goes on
        // as it began.
        Environment.SetEnvironmentVariable("DOTNET_TC_CallCounting", "0");
        return await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
}
