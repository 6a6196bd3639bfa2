using System.Globalization;
using Caur.Contracts.Ids;
using Caur.Protocol.Builders;

namespace Caur.Api.Builders;

/// <summary>What builders say in words of their own: it is shown on terminals and web pages, and names queues.</summary>
public static class BuilderWords
{
    /// <summary>The most architectures of one builder; an emulated machine has four or five.</summary>
    private const int MaxArchitectures = 16;

    /// <summary>A text in one line, without what a terminal would obey: control characters, and those that turn the direction of writing,
    /// become spaces.</summary>
    public static string OneLine(string text) => text.All(IsPlain) ? text : string.Concat(text.Select(c => IsPlain(c) ? c : ' '));

    /// <summary>Why a builder may not be what it says, for people; null when it may.</summary>
    internal static string? Problem(BuilderHello hello) =>
        hello.Architectures.Count > MaxArchitectures ? $"{hello.Architectures.Count} architectures are named, and {MaxArchitectures} are the most"
        : hello.Architectures.FirstOrDefault(arch => !Names.IsValidArch(arch)) is { } wrong ? $"'{OneLine(wrong.Length > 40 ? wrong[..40] + "..." : wrong)}' is no architecture"
        : null;

    private static bool IsPlain(char c) => char.GetUnicodeCategory(c) is not (UnicodeCategory.Control or UnicodeCategory.Format
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);
}
