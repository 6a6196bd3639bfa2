// The test runner's own entry point blocks on a task, which this solution bans; this one awaits it.
// Some tests kill a process of their own: these tests again, started with the name of what it shall do.
if (args is ["child", var name, .. var arguments])
{
    return await Caur.Tests.Support.TestChild.RunAsync(name, arguments);
}

return await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
