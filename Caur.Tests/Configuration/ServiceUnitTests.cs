using System.Text.RegularExpressions;
using Caur.Tests.Support;

namespace Caur.Tests.Configuration;

/// <summary>The systemd unit that the documentation gives.</summary>
public sealed partial class ServiceUnitTests
{
    [Fact]
    public async Task Unit_InTheDocumentation_RunsAsAUserOfItsOwnWhoHasTheFolderAndTheEngine()
    {
        var text = await File.ReadAllTextAsync(CheckedInText.PathOf("docs/running.md"), TestContext.Current.CancellationToken);
        var unit = Unit().Match(text).Groups[1].Value.Split('\n').Where(line => line.Contains('=')).Select(line => line.Split('=', 2)).ToLookup(line => line[0], line => line[1]);
        var user = unit["User"].ShouldHaveSingleItem();

        user.ShouldNotBe("root");
        unit["ExecStart"].ShouldHaveSingleItem().ShouldEndWith($"--data /var/lib/{unit["StateDirectory"].ShouldHaveSingleItem()}", customMessage: "systemd gives the folder of StateDirectory to the user");
        text.ShouldContain($"useradd --system --home-dir /var/lib/{unit["StateDirectory"].Single()} --no-create-home --shell /usr/sbin/nologin {user}\n");
        text.ShouldContain($"chown -R {user}:{unit["Group"].ShouldHaveSingleItem()}");
        unit["SupplementaryGroups"].ShouldHaveSingleItem().ShouldBe("docker", "whose is the engine's socket");
    }

    [GeneratedRegex(@"```ini\n(# /etc/systemd/.*?)```", RegexOptions.Singleline)]
    private static partial Regex Unit();
}
