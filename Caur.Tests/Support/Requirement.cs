using System.Diagnostics.CodeAnalysis;

namespace Caur.Tests.Support;

/// <summary>What a machine may lack. A test that needs it is skipped there, and fails where CI is <c>true</c>, because there it must not go
/// unnoticed.</summary>
internal static class Requirement
{
    /// <summary>Ends the test.</summary>
    [DoesNotReturn]
    public static void Missing(string whyNot)
    {
        if (Environment.GetEnvironmentVariable("CI") == "true")
        {
            Assert.Fail(whyNot);
        }

        Assert.Skip(whyNot);
        throw new InvalidOperationException("unreachable: skipping throws");
    }

    /// <summary>Ends the test unless that program is there.</summary>
    public static void Program(string name)
    {
        if (!Processes.OnPath(name) && !File.Exists($"/usr/sbin/{name}"))
        {
            Missing($"{name} is not installed; './caur test' installs it as root on Debian, servers only where no service manager would start them");
        }
    }
}
