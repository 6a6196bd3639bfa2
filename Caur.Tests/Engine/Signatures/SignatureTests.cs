using Caur.Embedded;
using Caur.Tests.Support;

namespace Caur.Tests.Engine.Signatures;

/// <summary>
/// The embedded engine mirrors a part of the Orleans API and invents nothing in its namespaces, so that the same grains compile against
/// both.
/// </summary>
public sealed class SignatureTests
{
    private static readonly string Folder = Path.Combine("Caur.Tests", "Engine", "Signatures");

    [Fact]
    public async Task PublicTypes_OfTheEngine_AreTheCheckedInOnes()
    {
        var text = string.Concat(Printed().Select(static type => type.Text + "\n"));
        await CheckedInText.ShouldBe(Path.Combine(Folder, "EngineSignatures.txt"), text, "CAUR_ACCEPT_SIGNATURES");
    }

    [Fact]
    public async Task PublicTypes_InTheOrleansNamespaces_AreAPartOfOrleans()
    {
        var reference = ReferenceSignatures.Parse(
            await File.ReadAllLinesAsync(CheckedInText.PathOf(Path.Combine(Folder, "OrleansSignatures.txt")), TestContext.Current.CancellationToken));
        var invented = Printed().SelectMany(type => reference.Invented(type)).ToList();
        invented.ShouldBeEmpty("the engine must not invent API in Orleans' namespaces");
    }

    [Theory]
    [InlineData("class Orleans.Thing : Base\n    void Known()\n    void Unknown()", "Orleans.Thing: void Unknown()")]
    [InlineData("sealed class Orleans.Thing : Base\n    void Known()", "Orleans.Thing: it is a sealed class, not a class")]
    [InlineData("class Orleans.Thing : Base, IOther", "Orleans.Thing: it inherits IOther")]
    [InlineData("class Orleans.Thing\n    void Known()", "Orleans.Thing: it does not inherit Base")]
    [InlineData("class Orleans.Stranger", "Orleans.Stranger: there is no such type")]
    public void Invented_OfADeviation_NamesIt(string type, string expected)
    {
        var reference = ReferenceSignatures.Parse(
            ["- `class Orleans.Thing : Base, IThing` — Assembly", "    - `void Known()`", "    - `int Size { get; set; } = 3`"]);
        var lines = type.Split('\n');
        reference.Invented(new PrintedType(lines[0], [.. lines.Skip(1).Select(static line => line.Trim())])).ShouldBe([expected]);
    }

    [Fact]
    public void Invented_OfAPart_IsNothing()
    {
        var reference = ReferenceSignatures.Parse(["- `class Orleans.Thing : Base, IThing` — Assembly", "    - `void Known()`"]);
        reference.Invented(new PrintedType("class Orleans.Thing : Base", ["void Known()"])).ShouldBeEmpty();
    }

    private static IEnumerable<PrintedType> Printed() => SignaturePrinter.Print(typeof(EmbeddedEngineOptions).Assembly, "Orleans");
}
